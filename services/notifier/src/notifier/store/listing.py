"""Listings, as far as their public cards show them.

Events come in any order. What a listing reads like, and where it stands, are each as the newest
event says that told of it; an older one only fills gaps.
"""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import BigInteger, ColumnElement, bindparam, case, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from notifier.domain.listing import Change, Facts
from notifier.store.tables import listings

_WORDS = bindparam("words", type_=JSONB)
_STANDING = bindparam("standing", type_=JSONB)
_REVISION = bindparam("revision", type_=BigInteger)


def _by_revision(known: ColumnElement[Any], name: str, told: ColumnElement[Any]) -> Any:
    """What is known and what is told, of which the newer counts; ``name`` is where it says when."""
    seen = func.coalesce(cast(listings.c.facts[name].astext, BigInteger), 0)
    return case(
        (seen <= cast(_REVISION, BigInteger), known.op("||")(told)), else_=told.op("||")(known)
    )


_CHANGED = _by_revision(_by_revision(listings.c.facts, "worded", _WORDS), "revision", _STANDING)
_NEW = insert(listings).values(
    parameters(listings, "facts") | {"facts": _WORDS.op("||")(_STANDING)}
)
_KEEP = statement(
    _NEW.on_conflict_do_update(
        index_elements=[listings.c.listing_id], set_={"facts": _CHANGED}
    ).returning(listings.c.facts)
)
_CHANGE = statement(
    update(listings)
    .values(facts=_CHANGED)
    .where(listings.c.listing_id == bindparam("listing_id"))
    .returning(listings.c.facts)
)
_FIND = statement(select(listings.c.facts).where(listings.c.listing_id == bindparam("listing_id")))


async def keep(tx: Transaction, told: Change) -> Facts:
    """Remember the listing, or what is told of it now; what is known then."""
    columns = {
        column.name: told.words.get(column.name) for column in listings.c if column.name != "facts"
    }
    known: Facts = await tx.value(_KEEP, **_KEEP.values_of(told, **columns))
    return known


async def change(tx: Transaction, told: Change) -> Facts | None:
    """Note what is told now; what is known then, None of no such listing."""
    known: Facts | None = await tx.value(_CHANGE, **_CHANGE.values_of(told))
    return known


async def find(tx: Transaction, listing_id: str) -> Facts | None:
    """What is known of a listing."""
    facts: Facts | None = await tx.value(_FIND, listing_id=listing_id)
    return facts
