"""Each message is applied once per consumer: a claim in the transaction of its effect."""

from __future__ import annotations

from uuid import UUID

from chassis.database import Transaction


async def first_delivery(transaction: Transaction, consumer: str, message_id: UUID) -> bool:
    """Claim the message for this consumer; False means it was handled before."""
    claimed = await transaction.value(
        "INSERT INTO inbox (consumer, message_id) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING RETURNING true",
        consumer,
        message_id,
    )
    return claimed is True
