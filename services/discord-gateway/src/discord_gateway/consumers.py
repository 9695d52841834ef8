"""Messages in: orders to show a card."""

from __future__ import annotations

from chassis.messaging.consumers import Consumers

from discord_gateway.handlers import delivery
from discord_gateway.handlers.delivery import Deliveries

QUEUE = "discord-gateway.deliveries"
PREFETCH = 200
"""A card may wait some seconds for its line; others must not wait for it."""


def register(consumers: Consumers, deliveries: Deliveries) -> Consumers:
    """Show each card outside the transaction, then write down what became of it."""
    consumers.in_bulk(QUEUE)
    consumers.commands(
        QUEUE,
        delivery.delivered,
        prepare=deliveries.show,
        prepares_once=False,  # what was shown is written down for each card
        prefetch=PREFETCH,
    )
    return consumers
