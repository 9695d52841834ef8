"""Payouts and what is known of them; halts are checked before each."""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Database, Transaction
from contracts_schema.money import Currency, Money

from escrow.domain.payout import Payout, PayoutKind, PayoutState

Reader = Transaction | Database

_COLUMNS = (
    "payout_id, escrow_id, kind, tranche, payment_id, charge_id, currency, amount, destination,"
    " state, attempt, sent_at, failures, answered, provider_id, last_error, version, created_at"
)


async def add(tx: Transaction, payout: Payout, outcome: str | None) -> None:
    """Commit the intention to pay, which carries out the outcome of its tranche."""
    await tx.run(
        f"INSERT INTO payouts ({_COLUMNS}, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"  # noqa: S608
        " $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        *(payout.payout_id, payout.escrow_id, payout.kind, payout.tranche, payout.payment_id),
        *(payout.charge_id, payout.amount.currency, payout.amount.minor, payout.destination),
        *(payout.state, payout.attempt, payout.sent_at, payout.failures, payout.answered),
        *(payout.provider_id, payout.last_error, payout.version, payout.created_at, outcome),
    )


async def save(tx: Transaction, payout: Payout) -> None:
    """Write the next version over the one that was read: a stale worker's write fails."""
    seen, payout.version = payout.version, payout.version + 1
    moved = await tx.run(
        "UPDATE payouts SET destination = $3, state = $4, attempt = $5, sent_at = $6,"
        " failures = $7, answered = $8, provider_id = $9, last_error = $10, version = $11"
        " WHERE payout_id = $1 AND version = $2",
        *(payout.payout_id, seen, payout.destination, payout.state, payout.attempt),
        *(payout.sent_at, payout.failures, payout.answered, payout.provider_id),
        *(payout.last_error, payout.version),
    )
    if moved != 1:
        raise RuntimeError(f"{payout.payout_id} moved under its lock")


async def find(reader: Reader, payout_id: str) -> Payout | None:
    """The payout of this id."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM payouts WHERE payout_id = $1",  # noqa: S608
        payout_id,
    )
    return _payout(row) if row else None


async def by_provider_id(reader: Reader, provider_id: str) -> Payout | None:
    """The payout that this object of the provider proved."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM payouts WHERE provider_id = $1",  # noqa: S608
        provider_id,
    )
    return _payout(row) if row else None


async def of_escrow(reader: Reader, escrow_id: str) -> list[Payout]:
    """Every payout of the escrow, in order."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM payouts o WHERE escrow_id = $1 ORDER BY created_at, tranche,"  # noqa: S608
        " (SELECT p.attempt FROM payments p WHERE p.payment_id = o.payment_id)",
        escrow_id,
    )
    return [_payout(row) for row in rows]


def _payout(row: Any) -> Payout:
    fields = dict(row)
    fields["amount"] = Money(int(fields["amount"]), Currency(fields.pop("currency")))
    fields["kind"] = PayoutKind(fields["kind"])
    fields["state"] = PayoutState(fields["state"])
    return Payout(**fields)
