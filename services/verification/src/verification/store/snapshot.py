"""What assets looked like."""

from __future__ import annotations

from chassis.http.lists import BEGINNING, Position
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from verification.domain.snapshot import Snapshot
from verification.store.tables import snapshots

_C = snapshots.c
_OF_ASSET = (_C.kind == bindparam("kind"), _C.asset_id == bindparam("asset_id"))

_ADD = statement(insert(snapshots).values(parameters(snapshots)).on_conflict_do_nothing())
_FIND = statement(select(snapshots).where(_C.snapshot_id == bindparam("snapshot_id")))
_SEEN = statement(select(literal_column("true")).where(*_OF_ASSET).limit(1))
_LIST = statement(
    select(snapshots)
    .where(
        *_OF_ASSET,
        tuple_(_C.taken_at, _C.snapshot_id) < tuple_(bindparam("at"), bindparam("after_id")),
    )
    .order_by(_C.taken_at.desc(), _C.snapshot_id.desc())
    .limit(bindparam("rows"))
)


async def add(tx: Transaction, snapshot: Snapshot) -> None:
    """Keep what the asset looked like."""
    await tx.run(_ADD, **_ADD.values_of(snapshot))


async def find(database: Database, snapshot_id: str) -> Snapshot | None:
    """One snapshot."""
    row = await database.row(_FIND, snapshot_id=snapshot_id)
    return Snapshot(**row) if row else None


async def is_known(database: Database, kind: str, asset_id: str) -> bool:
    """Whether this asset was ever shown."""
    return await database.value(_SEEN, kind=kind, asset_id=asset_id) is True


async def of_asset(
    database: Database, kind: str, asset_id: str, after: Position | None, rows: int
) -> list[Snapshot]:
    """A page of an asset's snapshots, newest first."""
    at, after_id = after or BEGINNING
    page = {"at": at, "after_id": after_id, "rows": rows}
    found = await database.rows(_LIST, kind=kind, asset_id=asset_id, **page)
    return [Snapshot(**row) for row in found]
