"""The heads of every service's audit log, as they were told; what was told never changes."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import MOMENT
from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.domain.audit_head import AuditHead
from contracts.store.tables import kept_heads as heads

Reader = Transaction | Database

_COLUMNS = [heads.c[each.name] for each in fields(AuditHead)]
_THIS = and_(heads.c.service == bindparam("service"), heads.c.at == bindparam("at", type_=MOMENT))
_ADD = statement(insert(heads).values(parameters(heads)).on_conflict_do_nothing())
_FIND = statement(select(*_COLUMNS).where(_THIS))
_KEPT = statement(
    update(heads)
    .values(kept_at=bindparam("kept_at", type_=MOMENT), fault=bindparam("fault"))
    .where(_THIS, heads.c.kept_at.is_(None))
)
_BETWEEN = statement(
    select(func.count()).where(
        heads.c.service == bindparam("service"),
        heads.c.at > bindparam("after", type_=MOMENT),
        heads.c.at < bindparam("before", type_=MOMENT),
    )
)
_SINCE = statement(
    select(*_COLUMNS)
    .where(heads.c.at >= bindparam("since", type_=MOMENT))
    .order_by(heads.c.service, heads.c.at)
)
_FAULTS = statement(
    select(heads.c.fault)
    .where(heads.c.at >= bindparam("since", type_=MOMENT), heads.c.fault != "")
    .order_by(heads.c.at)
)
_SILENT = statement("""
SELECT service, max(at) AS at FROM kept_heads GROUP BY service
HAVING :most <= (SELECT count(*) FROM kept_heads ours
    WHERE ours.service = 'contracts' AND ours.at > max(kept_heads.at))
ORDER BY service
""")
_FIRST = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


async def add(tx: Transaction, head: AuditHead) -> bool:
    """Keep what was told; False if it is known."""
    return bool(await tx.run(_ADD, **_ADD.values_of(head)))


async def find(reader: Reader, service: str, at: datetime) -> AuditHead | None:
    """What a service told at that time."""
    row = await reader.row(_FIND, service=service, at=at)
    return AuditHead(**row) if row else None


async def note_kept(tx: Transaction, head: AuditHead, fault: str) -> bool:
    """It lies under lock, and this is wrong with it; False if that was noted before."""
    now = tx.now()
    return bool(await tx.run(_KEPT, service=head.service, at=head.at, kept_at=now, fault=fault))


async def count_between(reader: Reader, service: str, after: datetime | None, to: datetime) -> int:
    """How many heads a service told between two times."""
    found: int = await reader.value(_BETWEEN, service=service, after=after or _FIRST, before=to)
    return found


async def since(reader: Reader, moment: datetime) -> list[AuditHead]:
    """What was told since then."""
    return [AuditHead(**row) for row in await reader.rows(_SINCE, since=moment)]


async def faults_since(reader: Reader, moment: datetime) -> list[str]:
    """What was wrong with heads that were told since then."""
    return [row["fault"] for row in await reader.rows(_FAULTS, since=moment)]


async def silent(reader: Reader, most: int) -> list[tuple[str, datetime]]:
    """Who told nothing while contracts told so many heads, and when each told its last."""
    rows = await reader.rows(_SILENT, most=most)
    return [(row["service"], row["at"]) for row in rows]
