"""Events and commands in; money queues take one message at a time."""

from __future__ import annotations

from functools import partial

from chassis import principals
from chassis.messaging.consumers import Consumers

from escrow.handlers import delivery, escrow, outcome
from escrow.ports import Rails
from escrow.store.escrow import row_of

COMMANDS = "escrow.commands"


def register(consumers: Consumers, rails: Rails) -> Consumers:
    """Bind the service's queues."""
    consumers.in_bulk("escrow.principals")
    consumers.events("escrow.principals", principals.project)
    opening = partial(escrow.open_executed, rails=rails)
    consumers.events("escrow.executed_contracts", opening, prefetch=1)
    consumers.events("escrow.proofs", delivery.prove, delivery.lose, prefetch=1, lock=row_of)

    prepare = partial(delivery.prepare, rails=rails)
    consumers.commands(COMMANDS, delivery.deliver, prepare=prepare, prefetch=1, lock=row_of)
    decisions = (outcome.confirm, outcome.request_refund, outcome.cancel)
    consumers.commands(COMMANDS, *decisions, prefetch=1, lock=row_of)
    return consumers
