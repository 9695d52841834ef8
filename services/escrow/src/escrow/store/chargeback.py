"""Chargebacks, as they were booked."""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.money import Currency, Money
from sqlalchemy import bindparam, exists, insert, select, update

from escrow.domain.chargeback import Chargeback
from escrow.domain.ledger import Taken
from escrow.store.tables import chargebacks

_PARTS = ("held", "surplus", "seller", "platform")
_THIS = chargebacks.c.provider_id == bindparam("provider_id")
_OF_ESCROW = (chargebacks.c.escrow_id == bindparam("escrow_id"), chargebacks.c.taken)

_ADD = statement(insert(chargebacks).values(parameters(chargebacks)))
_FIND = statement(
    select(*(column for column in chargebacks.c if column.name != "opened_at")).where(_THIS)
)
_SET_TAKEN = statement(update(chargebacks).values(taken=bindparam("taken")).where(_THIS))
_SET_FEE = statement(update(chargebacks).values(fee=bindparam("fee")).where(_THIS))
_LATEST = statement(
    select(chargebacks.c.provider_id)
    .where(*_OF_ESCROW)
    .order_by(chargebacks.c.opened_at.desc(), chargebacks.c.provider_id)
    .limit(1)
)
_IS_TAKEN = statement(select(exists().where(*_OF_ESCROW)))


async def find(tx: Transaction, provider_id: str) -> Chargeback | None:
    """The chargeback as it was booked."""
    row = await tx.row(_FIND, provider_id=provider_id)
    return _chargeback(row) if row else None


async def add(tx: Transaction, one: Chargeback) -> None:
    """Keep what was booked."""
    parts = {f"from_{name}": getattr(one.parts, name).minor for name in _PARTS}
    fee = {"currency": one.fee.currency, "fee": one.fee.minor}
    await tx.run(_ADD, **_ADD.values_of(one, **parts, **fee, opened_at=tx.now()))


async def give_back(tx: Transaction, provider_id: str) -> None:
    """Note that the money came back."""
    await tx.run(_SET_TAKEN, provider_id=provider_id, taken=False)


async def set_fee(tx: Transaction, provider_id: str, fee: Money) -> None:
    """Note what the provider keeps of its fee for it now."""
    await tx.run(_SET_FEE, provider_id=provider_id, fee=fee.minor)


async def latest_id(tx: Transaction, escrow_id: str) -> str:
    """The provider's id of the last chargeback of this escrow whose money the bank has."""
    return str(await tx.value(_LATEST, escrow_id=escrow_id))


async def is_taken(tx: Transaction, escrow_id: str) -> bool:
    """Whether a bank has money of this escrow now."""
    return bool(await tx.value(_IS_TAKEN, escrow_id=escrow_id))


def _chargeback(row: Any) -> Chargeback:
    fields = dict(row)
    currency = Currency(fields.pop("currency"))
    parts = {name: Money(int(fields.pop(f"from_{name}")), currency) for name in _PARTS}
    fields["fee"] = Money(int(fields["fee"]), currency)
    return Chargeback(parts=Taken(**parts), **fields)
