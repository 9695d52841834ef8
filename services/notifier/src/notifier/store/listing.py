"""Listings, as far as their public cards show them."""

from __future__ import annotations

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from notifier.domain.listing import Facts
from notifier.store.tables import listings

_NEW = insert(listings).values(parameters(listings))
_KEEP = statement(
    _NEW.on_conflict_do_update(
        index_elements=[listings.c.listing_id],
        set_={
            "title": _NEW.excluded.title,
            "facts": listings.c.facts.op("||")(_NEW.excluded.facts),
            "channel_id": func.coalesce(_NEW.excluded.channel_id, listings.c.channel_id),
        },
    ).returning(listings.c.facts)
)
_FIND = statement(select(listings.c.facts).where(listings.c.listing_id == bindparam("listing_id")))
_MOVE = statement("""
UPDATE listings SET facts = CASE
    WHEN coalesce(CAST(facts ->> 'revision' AS bigint), 0) <= CAST(:revision AS bigint)
    THEN facts || jsonb_build_object(
        'state', CAST(:state AS text), 'revision', CAST(:revision AS bigint))
    ELSE facts END
WHERE listing_id = :listing_id RETURNING facts
""")


async def keep(tx: Transaction, facts: Facts) -> Facts:
    """Remember what a listing's card shows; later facts add to earlier ones. What is known now."""
    columns = {column.name: facts.get(column.name) for column in listings.c}
    known: Facts = await tx.value(_KEEP, **columns | {"facts": facts})
    return known


async def find(tx: Transaction, listing_id: str) -> Facts | None:
    """What is known of a listing."""
    facts: Facts | None = await tx.value(_FIND, listing_id=listing_id)
    return facts


async def move(tx: Transaction, listing_id: str, state: str, revision: int) -> Facts | None:
    """Note the state unless a newer one is known; what is known now, None of no such listing."""
    facts: Facts | None = await tx.value(
        _MOVE, listing_id=listing_id, state=state, revision=revision
    )
    return facts
