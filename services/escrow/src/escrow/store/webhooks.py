"""What providers told us, raw, until it is applied."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.database import Database, Transaction
from contracts_schema.money import Money

from escrow.ports import ProviderEvent


@dataclass(frozen=True, slots=True)
class Stored:
    """One provider's event that waits to be applied."""

    provider: str
    event: ProviderEvent
    applied: bool


async def keep(tx: Transaction, provider: str, event: ProviderEvent, body: bytes) -> bool:
    """Store the event; False if it came before."""
    return 1 == await tx.run(
        "INSERT INTO webhook_events (provider, event_id, kind, object_id, grouped_under, body,"
        " received_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        provider,
        event.event_id,
        event.kind,
        event.object_id,
        event.group,
        body,
        tx.now(),
    )


async def find(database: Database, provider: str, event_id: str) -> Stored | None:
    """A stored event."""
    row = await database.row(
        "SELECT event_id, kind, object_id, grouped_under, applied_at FROM webhook_events"
        " WHERE provider = $1 AND event_id = $2",
        provider,
        event_id,
    )
    if row is None:
        return None
    event = ProviderEvent(row["event_id"], row["kind"], row["object_id"], row["grouped_under"])
    return Stored(provider, event, row["applied_at"] is not None)


async def done(tx: Transaction, provider: str, event_id: str) -> None:
    """The event needs nothing more."""
    await tx.run(
        "UPDATE webhook_events SET applied_at = $3 WHERE provider = $1 AND event_id = $2",
        provider,
        event_id,
        tx.now(),
    )


async def book_chargeback(tx: Transaction, reference: str, escrow_id: str, amount: Money) -> bool:
    """Note a chargeback; False if it was booked before."""
    return 1 == await tx.run(
        "INSERT INTO chargebacks (dispute_reference, escrow_id, amount_minor, booked_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        reference,
        escrow_id,
        amount.minor,
        tx.now(),
    )
