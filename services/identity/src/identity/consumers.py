"""Commands from Discord."""

from __future__ import annotations

from functools import partial

from chassis.messaging.consumers import Consumers

from identity.handlers import link, user


def register(consumers: Consumers, admins: frozenset[str]) -> Consumers:
    """Fulfil identity's commands; these Discord accounts become administrators by joining."""
    consumers.commands("identity.commands", partial(user.register, admins=admins), link.create)
    return consumers
