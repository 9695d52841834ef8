"""Events in: new listings to check, and deals to watch."""

from __future__ import annotations

from functools import partial

from chassis.messaging.consumers import Consumers

from verification.handlers import account, verification, watch
from verification.ports import Providers


def register(consumers: Consumers, providers: Providers) -> Consumers:
    """Bind what verification listens to."""
    consumers.events("verification.principals", partial(account.project, providers=providers))
    consumers.events("verification.listings", verification.ask)
    consumers.events("verification.deals", watch.begin_on_event, watch.end)
    return consumers
