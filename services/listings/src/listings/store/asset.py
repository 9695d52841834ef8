"""Who was proven to own what, a short while ago."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from listings.domain.asset import AssetName, VerifiedAsset
from listings.store.tables import verified_assets

_C = verified_assets.c
_KEY = tuple(_C[column.name] for column in verified_assets.primary_key)
_ADDED = insert(verified_assets).values(parameters(verified_assets))

_KEEP = statement(
    _ADDED.on_conflict_do_update(
        index_elements=_KEY,
        set_={each.name: _ADDED.excluded[each.name] for each in _C if not each.primary_key},
        where=_C.checked_at < _ADDED.excluded.checked_at,
    )
)
_FIND = statement(
    select(verified_assets).where(
        *(each == bindparam(each.name) for each in _KEY), _C.expires_at > bindparam("now")
    )
)


async def keep(tx: Transaction, asset: VerifiedAsset) -> None:
    """Remember what a check of ownership said; a newer check replaces an older one."""
    await tx.run(_KEEP, **_KEEP.values_of(asset))


async def find(database: Database, user_id: str, asset: AssetName) -> VerifiedAsset | None:
    """The check that still counts, if there is one."""
    now = database.clock.now()
    row = await database.row(_FIND, user_id=user_id, **asset._asdict(), now=now)
    return VerifiedAsset(**row) if row else None
