"""Commands from Discord."""

from __future__ import annotations

from functools import partial

from chassis.messaging.consumers import Consumers

from identity.domain.user import Joining
from identity.handlers import link, user


def register(consumers: Consumers, joining: Joining) -> Consumers:
    """Fulfil identity's commands."""
    consumers.commands("identity.commands", partial(user.register, joining=joining), link.create)
    return consumers
