"""Contracts and their signatures."""

from __future__ import annotations

from typing import Any

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import MOMENT
from sqlalchemy import Text, bindparam, cast, func, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from contracts.domain.contract import Contract, State
from contracts.store import signature
from contracts.store.tables import contracts, executed_copies, signatures

Reader = Transaction | Database

_THIS = contracts.c.contract_id == bindparam("contract_id")
_signed = signatures.alias("s")
_SIGNATURES = func.coalesce(
    select(
        func.json_agg(aggregate_order_by(literal_column("s"), _signed.c.signed_at, _signed.c.side))
    )
    .where(_signed.c.contract_id == contracts.c.contract_id)
    .scalar_subquery(),
    literal_column("'[]'"),
).label("signatures")
_COPY = (
    select(executed_copies.c.pdf_sha256)
    .where(executed_copies.c.contract_id == contracts.c.contract_id)
    .scalar_subquery()
    .label("executed_pdf_sha256")
)
_SELECT = select(contracts, _SIGNATURES, _COPY)
_IMMUTABLE = (
    "contract_id",
    "deal_id",
    "listing_id",
    "seller_id",
    "buyer_id",
    "terms",
    "terms_sha256",
    "pdf_sha256",
    "template_version",
    "created_at",
    "sign_before",
    "accounts",
)

_ADD = statement(insert(contracts).values(parameters(contracts)).on_conflict_do_nothing())
_FIND = statement(_SELECT.where(_THIS))
_HASH = bindparam("pdf_sha256", type_=Text)
_OF_COPY = select(executed_copies.c.contract_id).where(executed_copies.c.pdf_sha256 == _HASH)
_FIND_BY_PDF = statement(
    _SELECT.where(
        or_(
            contracts.c.pdf_sha256 == _HASH,
            contracts.c.contract_id == _OF_COPY.scalar_subquery(),
        )
    )
)
_LOCK = statement(select(contracts.c.contract_id).where(_THIS).with_for_update())
_SAVE = statement(
    update(contracts)
    .values(parameters(contracts, *_IMMUTABLE))
    .where(_THIS, contracts.c.version == bindparam("seen_version"))
)
_POSITION = tuple_(contracts.c.created_at, contracts.c.contract_id)
_AFTER = tuple_(bindparam("after", type_=MOMENT), bindparam("after_id", type_=Text))
_OF_PERSON = statement(
    _SELECT.where(
        or_(
            contracts.c.seller_id == bindparam("user_id"),
            contracts.c.buyer_id == bindparam("user_id"),
        ),
        or_(cast(bindparam("state"), Text).is_(None), contracts.c.state == bindparam("state")),
        or_(cast(bindparam("after"), MOMENT).is_(None), _POSITION < _AFTER),
    )
    .order_by(contracts.c.created_at.desc(), contracts.c.contract_id.desc())
    .limit(bindparam("most"))
)


async def add(tx: Transaction, contract: Contract) -> bool:
    """Keep a new contract; False if the deal has one."""
    return bool(await tx.run(_ADD, **_ADD.values_of(contract)))


async def find(reader: Reader, contract_id: str) -> Contract | None:
    """The contract with its signatures."""
    return _one(await reader.row(_FIND, contract_id=contract_id))


async def find_by_pdf(reader: Reader, pdf_sha256: str) -> Contract | None:
    """The contract one of whose documents has this hash."""
    return _one(await reader.row(_FIND_BY_PDF, pdf_sha256=pdf_sha256))


async def lock(tx: Transaction, contract_id: str) -> Contract | None:
    """The contract, locked until the transaction ends: signatures are read after the lock."""
    await tx.run(_LOCK, contract_id=contract_id)
    return await find(tx, contract_id)


async def save(tx: Transaction, contract: Contract, seen_version: int) -> None:
    """Write the contract's new state over the version that was locked."""
    values = _SAVE.values_of(contract, seen_version=seen_version)
    if await tx.run(_SAVE, **values) != 1:
        raise RuntimeError(f"{contract.contract_id} moved under its lock")


async def of_person(
    database: Database, user_id: str, state: State | None, after: Position | None, most: int
) -> list[Contract]:
    """A page of this person's contracts, newest first."""
    at, after_id = after or (None, None)
    asked = {"user_id": user_id, "state": state, "after": at, "after_id": after_id, "most": most}
    return [_contract(row) for row in await database.rows(_OF_PERSON, **asked)]


def _one(row: Any) -> Contract | None:
    return _contract(row) if row else None


def _contract(row: Any) -> Contract:
    read = {
        "state": State(row["state"]),
        "signatures": [signature.from_json(each) for each in row["signatures"]],
    }
    return Contract(**{**row, **read})
