"""Watches over the assets of funded deals."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from verification.domain.watch import Outcome, Watch
from verification.store.tables import watches

_C = watches.c
_THIS = _C.escrow_id == bindparam("escrow_id")
_COUNTED = ("looks", "looks_lost", "unseen", "unseen_since")
_NEW = insert(watches).values(parameters(watches, *_COUNTED))

_BEGIN = statement(
    _NEW.on_conflict_do_update(
        index_elements=[_C.escrow_id],
        set_={
            "state": _NEW.excluded.state,
            "until": func.coalesce(_NEW.excluded.until, _C.until),
            "looks": 0,
        },
        where=(_C.state == "FUNDED") & (_NEW.excluded.state == "DELIVERED"),
    )
)
_END = statement(_NEW.on_conflict_do_update(index_elements=[_C.escrow_id], set_={"state": "ENDED"}))
_FIND = statement(select(watches).where(_THIS))
_MOVE = statement(
    update(watches)
    .values(state=bindparam("state"))
    .where(_THIS, _C.state == func.any(bindparam("before", type_=ARRAY(Text))))
)
_LOOKED = statement("""
UPDATE watches SET looks = looks + 1,
    looks_lost = CASE CAST(:seen AS text) WHEN 'STRANGER' THEN looks_lost + 1
        WHEN 'UNSEEN' THEN looks_lost ELSE 0 END,
    unseen = CASE CAST(:seen AS text) WHEN 'UNSEEN' THEN unseen + 1 ELSE 0 END,
    unseen_since = CASE CAST(:seen AS text) WHEN 'UNSEEN'
        THEN coalesce(unseen_since, CAST(:now AS timestamptz)) END
WHERE escrow_id = :escrow_id RETURNING *
""")


async def begin(tx: Transaction, watched: Watch) -> None:
    """Begin to watch, or move on; a later state is never replaced by an earlier one."""
    await tx.run(_BEGIN, **_BEGIN.values_of(watched))


async def end(tx: Transaction, watched: Watch) -> None:
    """End the watch, whatever its state; one that never began is noted as ended."""
    await tx.run(_END, **_END.values_of(watched, state="ENDED"))


async def find(database: Database, escrow_id: str) -> Watch | None:
    """The watch of an escrow."""
    row = await database.row(_FIND, escrow_id=escrow_id)
    return Watch(**row) if row else None


async def move(tx: Transaction, escrow_id: str, state: str, before: tuple[str, ...]) -> bool:
    """Move on from one of the states before; False if it is in none of them."""
    return await tx.run(_MOVE, escrow_id=escrow_id, state=state, before=list(before)) == 1


async def count(tx: Transaction, escrow_id: str, seen: Outcome) -> Watch:
    """Count a look and what it showed; the watch as it is now.

    Nothing shown is no news: it neither adds to the looks that showed a stranger nor ends them.
    """
    row = await tx.row(_LOOKED, escrow_id=escrow_id, seen=seen, now=tx.now())
    if row is None:
        raise LookupError(f"there is no watch of {escrow_id}")
    return Watch(**row)
