"""The check of the audit log: entries against links, links against entries, heads against both.

It finds what was changed, removed, moved or slipped in, as far as a head was recorded. Who can
rewrite the log can rewrite the recorded heads too: that shows against the heads kept elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BindParameter, bindparam, select

from chassis.ops.telemetry import AUDIT_FAULTS
from chassis.storage.audit import GENESIS, LOOK_BACK, link_hash
from chassis.storage.database import Database
from chassis.storage.sql import statement
from chassis.storage.tables import audit_chain, audit_entries

CHECKED_AT_ONCE = 1_000
MOST_FAULTS = 20
LATE = timedelta(minutes=15)
"""So much older than a recorded head no entry is that was linked after it: no transaction, and no
difference between clocks, is that long."""
_FIRST_POSITION = -(2**63)

log = structlog.get_logger(__name__)

_KNOWN_UNTIL = statement("""
SELECT (SELECT max(position) FROM audit_chain) - CAST(:look_back AS bigint) AS position,
    (SELECT max(at) FROM audit_heads) - CAST(:late AS interval) AS at
""")
_AFTER: BindParameter[int] = bindparam("after")
_entries = (
    select(audit_entries.c.position, audit_entries.c.at)
    .where(audit_entries.c.position > _AFTER)
    .order_by(audit_entries.c.position)
    .limit(CHECKED_AT_ONCE)
    .subquery("entries")
)
_PLACES = statement(
    select(_entries.c.position, _entries.c.at, audit_chain.c.sequence)
    .outerjoin_from(_entries, audit_chain, audit_chain.c.position == _entries.c.position)
    .order_by(_entries.c.position)
)
_LINKS = statement(
    select(audit_chain)
    .where(audit_chain.c.sequence > _AFTER)
    .order_by(audit_chain.c.sequence)
    .limit(CHECKED_AT_ONCE)
)
_ENTRIES = statement("""
SELECT * FROM audit_entries WHERE position = ANY(CAST(:positions AS bigint[]))
""")
_RECORDED = statement("""
SELECT entries, max(at) AS at FROM audit_heads WHERE entries >= :after AND entries < :until
GROUP BY entries ORDER BY entries
""")
_OTHERWISE = """
SELECT h.at, h.entries, c.sequence FROM {} h LEFT JOIN audit_chain c ON c.sequence = h.entries
WHERE coalesce(c.hash, CASE WHEN h.entries = 0 THEN :genesis ELSE '' END) <> h.hash
ORDER BY h.at LIMIT :most
"""
_RECORDED_OTHERWISE = statement(_OTHERWISE.format("audit_heads"))
_KEPT_OTHERWISE = statement(
    _OTHERWISE.format(
        "unnest(CAST(:at AS timestamptz[]), CAST(:entries AS bigint[]), CAST(:hashes AS text[])) AS"
    ).replace("AS h LEFT", "AS h (at, entries, hash) LEFT")
)


async def check(database: Database) -> list[str]:
    """What is wrong with the log, in words, the first of it; an empty list means that it holds.

    It is read in parts, so that the memory does not grow with the log: entries are only added.
    """
    sources = _broken(database), _left_out(database), _not_as_recorded(database)
    return [fault async for fault in _first(MOST_FAULTS, *sources)]


async def differences(database: Database, heads: Sequence[tuple[datetime, int, str]]) -> list[str]:
    """Where the log is not what these heads, kept elsewhere, say: when, how long, which hash."""
    at, entries, hashes = zip(*heads, strict=True) if heads else ((), (), ())
    rows = await database.rows(
        _KEPT_OTHERWISE, at=at, entries=entries, hashes=hashes, genesis=GENESIS, most=MOST_FAULTS
    )
    return [_differs(row) for row in rows]


def alarm(check: str, faults: Sequence[str]) -> None:
    """Tell whoever looks after the system that the audit log, or a head of it, is not right."""
    AUDIT_FAULTS.labels(check).inc(len(faults))
    log.error(
        "audit.red",
        check=check,
        faults=list(faults)[:MOST_FAULTS],
        next_step="keep the database as it is; docs/operations.md, The audit log",
    )


async def _first(most: int, *sources: AsyncIterator[str]) -> AsyncIterator[str]:
    """So many faults of each; then that there are more."""
    for source in sources:
        count = 0
        async for fault in source:
            count += 1
            if count > most:
                yield "and there are more"
                break
            yield fault


async def _broken(database: Database) -> AsyncIterator[str]:
    """Where a link does not follow the one before it, or its entry is not what was linked."""
    previous, seen, recorded_at = GENESIS, 0, None
    while part := await database.rows(_LINKS, after=seen):
        positions = [link["position"] for link in part]
        entries = {
            entry["position"]: entry for entry in await database.rows(_ENTRIES, positions=positions)
        }
        heads = await database.rows(_RECORDED, after=seen, until=part[-1]["sequence"])
        recorded = {head["entries"]: head["at"] for head in heads}
        for link in part:
            sequence = link["sequence"]
            if sequence != seen + 1:
                yield f"entry {seen + 1} is missing before {sequence}"
            if link["previous_hash"] != previous:
                yield f"entry {sequence} does not follow the one before it"
            recorded_at = recorded.get(sequence - 1, recorded_at)
            if fault := _fault(link, entries.get(link["position"]), recorded_at):
                yield fault
            previous, seen = link["hash"], sequence


def _fault(link: Any, entry: Any, recorded_at: datetime | None) -> str:
    """What is wrong with one entry; the head before it was recorded at that time."""
    sequence = link["sequence"]
    if entry is None:
        return f"entry {sequence} is gone, only its link is there"
    if link["hash"] != link_hash(link["previous_hash"], sequence, entry):
        return f"entry {sequence} is not what was written"
    if recorded_at is not None and entry["at"] < recorded_at - LATE:
        return (
            f"entry {sequence} says it is of {entry['at']:%Y-%m-%d %H:%M:%S},"
            f" and was not there at {recorded_at:%Y-%m-%d %H:%M:%S}"
        )
    return ""


async def _left_out(database: Database) -> AsyncIterator[str]:
    """Entries that later ones were linked without."""
    known, after = await database.row(_KNOWN_UNTIL, look_back=LOOK_BACK, late=LATE), _FIRST_POSITION
    until, moment = tuple(known) if known else (None, None)
    while part := await database.rows(_PLACES, after=after):
        for row in part:
            is_old = until is not None and row["position"] <= until
            is_old = is_old or (moment is not None and row["at"] < moment)
            if row["sequence"] is None and is_old:
                yield f"the entry at position {row['position']} was never linked"
        after = part[-1]["position"]


async def _not_as_recorded(database: Database) -> AsyncIterator[str]:
    """Where the log is not what its own recorded heads say."""
    most = MOST_FAULTS + 1
    for row in await database.rows(_RECORDED_OTHERWISE, genesis=GENESIS, most=most):
        yield _differs(row)


def _differs(head: Any) -> str:
    then = f"at {head['at']:%Y-%m-%d %H:%M:%S} the log had {head['entries']} entries"
    if head["sequence"] is None:
        return f"{then}, and now it has less"
    return f"{then}, and they are not the same now"
