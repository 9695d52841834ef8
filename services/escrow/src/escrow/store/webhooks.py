"""Webhooks as they came, chargebacks they told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.storage.database import Database, Transaction
from contracts_schema.money import Currency, Money

from escrow.domain.division import Taken
from escrow.ports import About, Notice

Reader = Transaction | Database

_PARTS = ("held", "surplus", "seller", "platform")


async def keep(tx: Transaction, provider: str, notice: Notice, body: bytes) -> bool:
    """Keep the raw event; False if it came before."""
    return bool(
        await tx.run(
            "INSERT INTO webhooks (provider, event_id, type, about, subject, body, received_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            *(provider, notice.event_id, notice.type, notice.about, notice.subject, body, tx.now()),
        )
    )


async def unapplied(database: Database, provider: str, event_id: str) -> Notice | None:
    """The event, if it has not been applied yet."""
    row = await database.row(
        "SELECT event_id, type, about, subject FROM webhooks"
        " WHERE provider = $1 AND event_id = $2 AND applied_at IS NULL",
        provider,
        event_id,
    )
    return Notice(**dict(row) | {"about": About(row["about"])}) if row else None


async def applied(tx: Transaction, provider: str, event_id: str, outcome: str) -> None:
    """Note that the event was applied, and what came of it."""
    await tx.run(
        "UPDATE webhooks SET applied_at = $3, outcome = $4"
        " WHERE provider = $1 AND event_id = $2 AND applied_at IS NULL",
        *(provider, event_id, tx.now(), outcome),
    )


@dataclass(frozen=True, slots=True)
class Chargeback:
    """Money a bank took back, as it was booked."""

    provider_id: str
    escrow_id: str
    payment_id: str
    parts: Taken
    fee: Money
    reason: str
    taken: bool


async def chargeback(tx: Transaction, provider_id: str) -> Chargeback | None:
    """The chargeback as it was booked."""
    row = await tx.row(
        "SELECT provider_id, escrow_id, payment_id, currency, from_held, from_surplus,"
        " from_seller, from_platform, fee, reason, taken FROM chargebacks WHERE provider_id = $1",
        provider_id,
    )
    return _chargeback(row) if row else None


async def add_chargeback(tx: Transaction, one: Chargeback) -> None:
    """Keep what was booked."""
    await tx.run(
        "INSERT INTO chargebacks (provider_id, escrow_id, payment_id, currency, from_held,"
        " from_surplus, from_seller, from_platform, fee, reason, taken, opened_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, $11)",
        *(one.provider_id, one.escrow_id, one.payment_id, one.fee.currency),
        *(getattr(one.parts, name).minor for name in _PARTS),
        *(one.fee.minor, one.reason, tx.now()),
    )


async def give_back(tx: Transaction, provider_id: str) -> None:
    """Note that the money came back."""
    await tx.run("UPDATE chargebacks SET taken = false WHERE provider_id = $1", provider_id)


async def set_fee(tx: Transaction, provider_id: str, fee: Money) -> None:
    """Note what the provider keeps of its fee for it now."""
    await tx.run("UPDATE chargebacks SET fee = $2 WHERE provider_id = $1", provider_id, fee.minor)


async def taken_of(tx: Transaction, escrow_id: str) -> dict[str, int]:
    """How much of each payment a bank has now, in minor units."""
    rows = await tx.rows(
        "SELECT payment_id, sum(from_held + from_surplus + from_seller + from_platform) AS taken"
        " FROM chargebacks WHERE escrow_id = $1 AND taken GROUP BY payment_id",
        escrow_id,
    )
    return {row["payment_id"]: int(row["taken"]) for row in rows}


async def latest_chargeback_id(tx: Transaction, escrow_id: str) -> str:
    """The provider's id of the last chargeback of this escrow whose money the bank has."""
    return str(
        await tx.value(
            "SELECT provider_id FROM chargebacks WHERE escrow_id = $1 AND taken"
            " ORDER BY opened_at DESC, provider_id LIMIT 1",
            escrow_id,
        )
    )


async def is_charged_back(tx: Transaction, escrow_id: str) -> bool:
    """Whether a bank has money of this escrow now."""
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM chargebacks WHERE escrow_id = $1 AND taken)", escrow_id
        )
    )


def _chargeback(row: Any) -> Chargeback:
    fields = dict(row)
    currency = Currency(fields.pop("currency"))
    parts = {name: Money(int(fields.pop(f"from_{name}")), currency) for name in _PARTS}
    fields["fee"] = Money(int(fields["fee"]), currency)
    return Chargeback(parts=Taken(**parts), **fields)
