"""Payments that were asked for, and what came of them."""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.money import Currency, Money
from sqlalchemy import bindparam, insert, select, update

from escrow.domain.payment import Payment, PaymentState
from escrow.store.tables import payments

Reader = Transaction | Database

_FIXED = (*("payment_id", "escrow_id", "attempt", "currency", "asked", "created_at", "expires_at"),)
_AMOUNTS = ("asked", "received", "provider_fee")

_ADD = statement(insert(payments).values(parameters(payments)))
_SAVE = statement(
    update(payments)
    .values(parameters(payments, *_FIXED))
    .where(payments.c.payment_id == bindparam("payment_id"))
)
_BY = {
    name: statement(select(payments).where(payments.c[name] == bindparam("value")))
    for name in ("payment_id", "reference", "provider_id", "charge_id")
}
_OF_ESCROW = statement(
    select(payments)
    .where(payments.c.escrow_id == bindparam("escrow_id"))
    .order_by(payments.c.attempt)
)


async def add(tx: Transaction, payment: Payment) -> None:
    """Keep the intention to collect; only one is under way at a time."""
    await tx.run(_ADD, **_ADD.values_of(payment, **_money(payment)))


async def save(tx: Transaction, payment: Payment) -> None:
    """Write the payment, whose escrow is locked."""
    amounts = {name: value for name, value in _money(payment).items() if name in _SAVE.names}
    await tx.run(_SAVE, **_SAVE.values_of(payment, **amounts))


async def of_escrow(reader: Reader, escrow_id: str) -> list[Payment]:
    """Every attempt, in order."""
    return [_payment(row) for row in await reader.rows(_OF_ESCROW, escrow_id=escrow_id)]


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
    row = await reader.row(_BY[column], value=value)
    return _payment(row) if row else None


def _money(payment: Payment) -> dict[str, Any]:
    """Its amounts as their columns have them: minor units, of one currency."""
    amounts = {name: getattr(payment, name) for name in _AMOUNTS}
    minor = {name: money and money.minor for name, money in amounts.items()}
    return {"currency": payment.asked.currency, **minor}


def _payment(row: Any) -> Payment:
    fields = dict(row)
    currency = Currency(fields.pop("currency"))
    fields["state"] = PaymentState(fields["state"])
    for name in _AMOUNTS:
        minor = fields[name]
        fields[name] = None if minor is None else Money(int(minor), currency)
    return Payment(**fields)
