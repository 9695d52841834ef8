"""Payouts, what is known of them, and the charges that they are paid out of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.money import Currency, Money
from sqlalchemy import bindparam, insert, select, update

from escrow.domain.payout import Charge, Payout, PayoutKind, PayoutState
from escrow.store.tables import payments, payouts

Reader = Transaction | Database

_FIXED = (
    *("payout_id", "escrow_id", "kind", "tranche", "outcome", "payment_id", "charge_id"),
    *("currency", "amount", "created_at"),
)
_PAYOUT = select(*(column for column in payouts.c if column.name != "outcome"))

_ADD = statement(insert(payouts).values(parameters(payouts)))
_SAVE = statement(
    update(payouts)
    .values(parameters(payouts, *_FIXED))
    .where(payouts.c.payout_id == bindparam("payout_id"), payouts.c.version == bindparam("seen"))
)
_FIND = statement(_PAYOUT.where(payouts.c.payout_id == bindparam("payout_id")))
_BY_PROVIDER_ID = statement(_PAYOUT.where(payouts.c.provider_id == bindparam("provider_id")))
_OF_ESCROW = statement(
    _PAYOUT.where(payouts.c.escrow_id == bindparam("escrow_id")).order_by(
        payouts.c.created_at,
        payouts.c.tranche,
        select(payments.c.attempt)
        .where(payments.c.payment_id == payouts.c.payment_id)
        .scalar_subquery(),
    )
)
_CHARGES = statement("""
SELECT payment_id, charge_id, currency, greatest(received - gone - taken, 0) AS rest
FROM payments
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS gone FROM payouts
    WHERE payouts.escrow_id = :escrow_id AND payouts.payment_id = payments.payment_id) ordered
CROSS JOIN LATERAL (
    SELECT coalesce(sum(from_held + from_surplus + from_seller + from_platform), 0) AS taken
    FROM chargebacks WHERE chargebacks.escrow_id = :escrow_id
    AND chargebacks.payment_id = payments.payment_id AND chargebacks.taken) charged_back
WHERE escrow_id = :escrow_id AND received IS NOT NULL AND charge_id IS NOT NULL
ORDER BY attempt
""")


async def add(tx: Transaction, made: Sequence[Payout]) -> None:
    """Commit the intention to pay; each carries out the outcome of its tranche."""
    await tx.run_many(_ADD, [_ADD.values_of(each, **_fixed(each)) for each in made])


async def save(tx: Transaction, payout: Payout) -> None:
    """Write the next version over the one that was read: a stale worker's write fails."""
    seen, payout.version = payout.version, payout.version + 1
    values = _SAVE.values_of(payout, returned=payout.returned.minor, seen=seen)
    if await tx.run(_SAVE, **values) != 1:
        raise RuntimeError(f"{payout.payout_id} moved under its lock")


async def find(reader: Reader, payout_id: str) -> Payout:
    """The payout of this id. Raises LookupError if there is none."""
    row = await reader.row(_FIND, payout_id=payout_id)
    if row is None:
        raise LookupError(f"no payout {payout_id}")
    return _payout(row)


async def by_provider_id(reader: Reader, provider_id: str) -> Payout | None:
    """The payout that this object of the provider proved."""
    row = await reader.row(_BY_PROVIDER_ID, provider_id=provider_id)
    return _payout(row) if row else None


async def of_escrow(reader: Reader, escrow_id: str) -> list[Payout]:
    """Every payout of the escrow, in order."""
    return [_payout(row) for row in await reader.rows(_OF_ESCROW, escrow_id=escrow_id)]


async def charges(tx: Transaction, escrow_id: str) -> list[Charge]:
    """What was paid in, in order, less what was ordered out of it and what a bank has of it."""
    return [
        Charge(
            row["payment_id"], row["charge_id"], Money(int(row["rest"]), Currency(row["currency"]))
        )
        for row in await tx.rows(_CHARGES, escrow_id=escrow_id)
    ]


def _fixed(payout: Payout) -> dict[str, Any]:
    amount, outcome = payout.amount, None if payout.tranche is None else str(payout.kind)
    return {
        "currency": amount.currency,
        "amount": amount.minor,
        "returned": payout.returned.minor,
        "outcome": outcome,
    }


def _payout(row: Any) -> Payout:
    fields = dict(row)
    currency = Currency(fields.pop("currency"))
    for name in ("amount", "returned"):
        fields[name] = Money(int(fields[name]), currency)
    fields["kind"] = PayoutKind(fields["kind"])
    fields["state"] = PayoutState(fields["state"])
    return Payout(**fields)
