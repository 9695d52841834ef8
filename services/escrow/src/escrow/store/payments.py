"""Payments that were asked for, and what came of them."""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Database, Transaction
from contracts_schema.money import Currency, Money

from escrow.domain.payment import Payment, PaymentState

Reader = Transaction | Database

_COLUMNS = (
    "payment_id, escrow_id, attempt, currency, asked, state, reference, provider_id, charge_id,"
    " received, provider_fee, foreign_fee, last_failure, created_at, expires_at"
)


async def add(tx: Transaction, payment: Payment) -> None:
    """Keep the intention to collect; only one is under way at a time."""
    await tx.run(
        "INSERT INTO payments (payment_id, escrow_id, attempt, currency, asked, state, created_at,"
        " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(payment.payment_id, payment.escrow_id, payment.attempt, payment.asked.currency),
        *(payment.asked.minor, payment.state, payment.created_at, payment.expires_at),
    )


async def save(tx: Transaction, payment: Payment) -> None:
    """Write the payment, whose escrow is locked."""
    await tx.run(
        "UPDATE payments SET state = $2, reference = $3, provider_id = $4, charge_id = $5,"
        " received = $6, provider_fee = $7, foreign_fee = $8, last_failure = $9"
        " WHERE payment_id = $1",
        *(payment.payment_id, payment.state, payment.reference, payment.provider_id),
        *(payment.charge_id, _minor(payment.received), _minor(payment.provider_fee)),
        *(payment.foreign_fee, payment.last_failure),
    )


async def of_escrow(reader: Reader, escrow_id: str) -> list[Payment]:
    """Every attempt, in order."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM payments WHERE escrow_id = $1 ORDER BY attempt",  # noqa: S608
        escrow_id,
    )
    return [_payment(row) for row in rows]


async def find(reader: Reader, payment_id: str) -> Payment | None:
    """The payment of this id."""
    return await _by(reader, "payment_id", payment_id)


async def by_reference(reader: Reader, reference: str) -> Payment | None:
    """The payment bound to this page of the provider."""
    return await _by(reader, "reference", reference)


async def by_provider_id(reader: Reader, provider_id: str) -> Payment | None:
    """The payment bound to this payment object of the provider."""
    return await _by(reader, "provider_id", provider_id)


async def by_charge(reader: Reader, charge_id: str) -> Payment | None:
    """The payment bound to this charge."""
    return await _by(reader, "charge_id", charge_id)


async def _by(reader: Reader, column: str, value: str) -> Payment | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM payments WHERE {column} = $1",  # noqa: S608
        value,
    )
    return _payment(row) if row else None


def _payment(row: Any) -> Payment:
    fields = dict(row)
    currency = Currency(fields.pop("currency"))
    fields["state"] = PaymentState(fields["state"])
    for name in ("asked", "received", "provider_fee"):
        minor = fields[name]
        fields[name] = None if minor is None else Money(int(minor), currency)
    return Payment(**fields)


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor
