"""Events and commands in."""

from __future__ import annotations

from functools import partial

from chassis import principals
from chassis.messaging.consumers import Consumers

from contracts.domain.policy import Policy
from contracts.handlers import draft, signature, signing_link


def register(consumers: Consumers, policy: Policy) -> Consumers:
    """Bind the service's queues to the handlers."""
    consumers.in_bulk("contracts.principals")
    consumers.events("contracts.principals", principals.project)
    consumers.events("contracts.accepted_offers", partial(draft.begin, policy=policy))
    consumers.commands("contracts.commands", signature.sign, signing_link.create)
    return consumers
