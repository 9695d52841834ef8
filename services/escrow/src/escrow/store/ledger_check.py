"""The check of the whole ledger that is under way, and what the newest one found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from escrow.store.tables import escrows, ledger_checks

RUNNING, ENDED = "RUNNING", "ENDED"
_THIS = (
    ledger_checks.c.state == RUNNING,
    ledger_checks.c.began_at == bindparam("began_at"),
    ledger_checks.c.checked == bindparam("was"),
)
_FOUND = statement(select(ledger_checks).where(ledger_checks.c.state == bindparam("state")))
_COUNT = statement(select(func.count()).select_from(escrows))
_INSERT = insert(ledger_checks).values(parameters(ledger_checks))
_BEGIN = statement(_INSERT.on_conflict_do_nothing())
_KEEP = statement(
    update(ledger_checks)
    .where(*_THIS)
    .values({name: bindparam(name) for name in ("checked", "reached_at", "reached_id", "faults")})
)
_FORGET = statement(delete(ledger_checks).where(*_THIS))
_END = statement(
    _INSERT.on_conflict_do_update(
        index_elements=[ledger_checks.c.state],
        set_={it.name: _INSERT.excluded[it.name] for it in ledger_checks.c if it.name != "state"},
    )
)


class Overtaken(Exception):
    """Somebody else goes on with this check, from where it was seen last."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the whole ledger: how far it has come, and what it found so far."""

    state: str
    began_at: datetime
    ended_at: datetime | None
    escrows: int
    """So many there were when it began."""
    checked: int
    reached_at: datetime
    reached_id: str
    faults: dict[str, list[str]]
    balances: list[tuple[str, str, int]]
    """Kind, currency and minor units; known at the end."""


async def find(reader: Transaction | Database, state: str) -> Check | None:
    """The one that is under way, or the newest that ended."""
    row = await reader.row(_FOUND, state=state)
    return None if row is None else Check(**dict(row))


async def begin(database: Database) -> Check:
    """The check that is under way, or a new one."""
    if (check := await find(database, RUNNING)) is not None:
        return check
    start = datetime.min.replace(tzinfo=UTC)
    count = await database.value(_COUNT)
    new = Check(RUNNING, database.clock.now(), None, count, 0, start, "", {}, [])
    await database.execute(_BEGIN, **_BEGIN.values_of(new))
    return await find(database, RUNNING) or new


async def keep(tx: Transaction, check: Check, was: int) -> None:
    """Remember how far it has come; raise Overtaken if it is not where it was seen."""
    if not await tx.run(_KEEP, **_KEEP.values_of(check, was=was)):
        raise Overtaken


async def end(tx: Transaction, check: Check) -> None:
    """It is the newest now; raise Overtaken if it is not where it was seen."""
    if not await tx.run(_FORGET, began_at=check.began_at, was=check.checked):
        raise Overtaken
    ended = replace(check, state=ENDED, ended_at=tx.now())
    await tx.run(_END, **_END.values_of(ended))
