"""Events and commands in."""

from __future__ import annotations

from functools import partial

from chassis import principals
from chassis.messaging.consumers import Consumers
from contracts_schema.events.audit import BY_SERVICE

from contracts.domain.policy import Policy
from contracts.handlers import audit_head, draft, signature, signing_link


def register(consumers: Consumers, policy: Policy) -> Consumers:
    """Bind the service's queues to the handlers."""
    consumers.in_bulk("contracts.principals")
    consumers.events("contracts.principals", principals.project)
    consumers.events("contracts.accepted_offers", partial(draft.begin, policy=policy))
    consumers.events("contracts.audit_heads", audit_head.keep, of=BY_SERVICE.values())
    consumers.commands("contracts.commands", signature.sign, signing_link.create)
    return consumers
