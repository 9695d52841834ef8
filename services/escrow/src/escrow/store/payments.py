"""Payments asked of buyers, payouts on their way out, and the accounts payouts go to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.database import Database, Transaction
from contracts_schema.money import Currency, Money

from escrow.ports import OpenPayment, PaymentSeen, PaymentState


class PayoutState(StrEnum):
    """How far a payout is. Unknown is not failed: it is looked up."""

    PENDING = "PENDING"
    SENT = "SENT"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt of the buyer to pay."""

    payment_id: str
    escrow_id: str
    attempt: int
    amount: Money
    state: PaymentState
    reference: str | None
    charge_reference: str | None
    source_reference: str | None
    url: str | None
    expires_at: datetime | None
    received: Money | None


@dataclass(frozen=True, slots=True)
class Payout:
    """Money on its way out to somebody."""

    payout_id: str
    escrow_id: str
    kind: str
    payment_id: str
    user_id: str
    amount: Money
    state: PayoutState
    attempts: int
    reason_code: str = ""
    provider_reference: str | None = None


async def add_payment(
    tx: Transaction, payment_id: str, escrow_id: str, attempt: int, amount: Money
) -> None:
    """Write the intention to ask for money, before the provider is asked."""
    await tx.run(
        "INSERT INTO payments (payment_id, escrow_id, attempt, amount_minor, currency, state,"
        " created_at) VALUES ($1, $2, $3, $4, $5, 'OPEN', $6) ON CONFLICT DO NOTHING",
        payment_id,
        escrow_id,
        attempt,
        amount.minor,
        amount.currency,
        tx.now(),
    )


async def bind_payment(tx: Transaction, payment_id: str, opened: OpenPayment) -> None:
    """Remember which payment at the provider is this one."""
    await tx.run(
        "UPDATE payments SET reference = $2, url = $3, expires_at = $4 WHERE payment_id = $1",
        payment_id,
        opened.reference,
        opened.url,
        opened.expires_at,
    )


async def payment(source: Transaction | Database, payment_id: str) -> Payment | None:
    """One payment."""
    row = await source.row("SELECT * FROM payments WHERE payment_id = $1", payment_id)
    return _payment(row) if row else None


async def payments_of(source: Transaction | Database, escrow_id: str) -> list[Payment]:
    """Every attempt to pay into this escrow, in order."""
    rows = await source.rows(
        "SELECT * FROM payments WHERE escrow_id = $1 ORDER BY attempt", escrow_id
    )
    return [_payment(row) for row in rows]


async def payment_at(database: Database, reference: str) -> Payment | None:
    """The payment bound to this object of the provider, whichever of its three names that is."""
    row = await database.row(
        "SELECT * FROM payments WHERE reference = $1 OR charge_reference = $1"
        " OR source_reference = $1",
        reference,
    )
    return _payment(row) if row else None


async def see_payment(tx: Transaction, payment_id: str, seen: PaymentSeen) -> bool:
    """Write what the provider shows; True if it is the first time that it shows success."""
    first: bool | None = await tx.value(
        "UPDATE payments SET state = $2, charge_reference = coalesce($3, charge_reference),"
        " source_reference = coalesce($4, source_reference),"
        " received_minor = coalesce($5, received_minor)"
        " WHERE payment_id = $1 AND state <> 'SUCCEEDED' RETURNING true",
        payment_id,
        seen.state,
        seen.charge_reference or None,
        seen.source_reference or None,
        seen.received.minor if seen.received else None,
    )
    return first is True and seen.state is PaymentState.SUCCEEDED


async def add_payout(tx: Transaction, payout: Payout, tranche: int = 0) -> None:
    """Write the intention to pay; the unique indexes let only one way out be written."""
    await tx.run(
        "INSERT INTO payouts (payout_id, escrow_id, kind, payment_id, tranche, user_id,"
        " amount_minor, currency, reason_code, state, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'PENDING', $10)",
        payout.payout_id,
        payout.escrow_id,
        payout.kind,
        payout.payment_id,
        tranche,
        payout.user_id,
        payout.amount.minor,
        payout.amount.currency,
        payout.reason_code,
        tx.now(),
    )


async def payout(source: Transaction | Database, payout_id: str) -> Payout | None:
    """One payout."""
    row = await source.row("SELECT * FROM payouts WHERE payout_id = $1", payout_id)
    return _payout(row) if row else None


async def payouts_of(source: Transaction | Database, escrow_id: str) -> list[Payout]:
    """Every payout of this escrow, in order."""
    rows = await source.rows(
        "SELECT * FROM payouts WHERE escrow_id = $1 ORDER BY created_at, payout_id", escrow_id
    )
    return [_payout(row) for row in rows]


async def begin_attempt(tx: Transaction, payout_id: str) -> int | None:
    """Commit to one more attempt before the provider is called; its number, or None if done."""
    attempt: int | None = await tx.value(
        "UPDATE payouts SET state = 'SENT', attempts = attempts + 1"
        " WHERE payout_id = $1 AND state <> 'SUCCEEDED' RETURNING attempts",
        payout_id,
    )
    return attempt


async def fail_attempt(tx: Transaction, payout_id: str, state: PayoutState, error: str) -> int:
    """Write how the attempt ended; how many there were."""
    attempts: int | None = await tx.value(
        "UPDATE payouts SET state = $2, last_error = $3 WHERE payout_id = $1"
        " AND state <> 'SUCCEEDED' RETURNING attempts",
        payout_id,
        state,
        error[:400],
    )
    return attempts or 0


async def prove_payout(tx: Transaction, payout_id: str, reference: str) -> bool:
    """The provider proves it; True the first time."""
    return 1 == await tx.run(
        "UPDATE payouts SET state = 'SUCCEEDED', provider_reference = $2, last_error = ''"
        " WHERE payout_id = $1 AND state <> 'SUCCEEDED'",
        payout_id,
        reference,
    )


async def account(source: Transaction | Database, user_id: str) -> tuple[str | None, bool]:
    """(the account's reference at the provider, whether it can be paid)."""
    row = await source.row(
        "SELECT reference, ready FROM payout_accounts WHERE user_id = $1", user_id
    )
    return (row["reference"], row["ready"]) if row else (None, False)


async def add_account(tx: Transaction, user_id: str, reference: str) -> str:
    """Remember a user's account; the one that was there first stays. Its reference."""
    kept: str = await tx.value(
        "INSERT INTO payout_accounts (user_id, reference, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id) DO UPDATE SET reference = payout_accounts.reference"
        " RETURNING reference",
        user_id,
        reference,
        tx.now(),
    )
    return kept


async def set_account_ready(tx: Transaction, reference: str, ready: bool) -> str | None:
    """Write whether it can be paid; the user's id if that is news."""
    changed: str | None = await tx.value(
        "UPDATE payout_accounts SET ready = $2 WHERE reference = $1 AND ready <> $2"
        " RETURNING user_id",
        reference,
        ready,
    )
    return changed


def _payment(row: Any) -> Payment:
    currency = Currency(row["currency"])
    received = row["received_minor"]
    return Payment(
        row["payment_id"],
        row["escrow_id"],
        row["attempt"],
        Money(int(row["amount_minor"]), currency),
        PaymentState(row["state"]),
        row["reference"],
        row["charge_reference"],
        row["source_reference"],
        row["url"],
        row["expires_at"],
        None if received is None else Money(int(received), currency),
    )


def _payout(row: Any) -> Payout:
    return Payout(
        row["payout_id"],
        row["escrow_id"],
        row["kind"],
        row["payment_id"],
        row["user_id"],
        Money(int(row["amount_minor"]), Currency(row["currency"])),
        PayoutState(row["state"]),
        row["attempts"],
        row["reason_code"],
        row["provider_reference"],
    )
