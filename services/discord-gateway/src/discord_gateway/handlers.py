"""What a delivery leaves behind: events for others, in the transaction that claims its message."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.commands.discord import Deliver
from contracts_schema.events.discord import DeliveryFailed, ListingPosted

from discord_gateway import store
from discord_gateway.store import Outcome, Shown

LISTING_KEY = "listing:"


async def delivered(transaction: Transaction, command: Deliver, shown: Shown) -> None:
    """Remember what became of it; tell of a listing's new card, and of one that was not shown."""
    await store.remember(transaction, shown)
    made = shown.made
    if made.outcome is Outcome.FAILED:
        transaction.stage(
            DeliveryFailed(delivery_id=command.delivery_id, reason_code=made.reason_code)
        )
    elif made.outcome is Outcome.POSTED and _is_listing(command):
        transaction.stage(
            ListingPosted(
                listing_id=command.card_key.removeprefix(LISTING_KEY),
                guild_id=command.target.guild_id or "",
                channel_id=made.channel_id,
                message_id=made.message_id,
            )
        )


def _is_listing(command: Deliver) -> bool:
    return command.target.kind == "channel" and command.card_key.startswith(LISTING_KEY)
