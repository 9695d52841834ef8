"""The audit log's chain: each entry's hash covers the one before, so that no change stays unseen.

Entries are written in the transaction of what they record; one worker at a time links them
afterwards, in the order of their positions and many at once, so that business transactions do not
queue for the chain's head and linking costs little.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

import structlog
from sqlalchemy import BindParameter, bindparam, select

from chassis.storage.database import BEGIN_UNHURRIED, Database
from chassis.storage.sql import statement
from chassis.storage.tables import audit_chain, audit_entries

BATCH = 500
LOOK_EVERY_S = 30.0
LINK_EVERY_S = 1.0
AGAIN_AFTER_S = 1.0
LOOK_BACK_EVERY_S = 5.0
LOOK_BACK = 10_000
"""A transaction may commit an entry after later positions were linked, but never so many later."""
CHECKED_AT_ONCE = 1_000
MOST_FAULTS = 20
GENESIS = "0" * 64
_FIRST_POSITION = -(2**63)
# The lock travels with BEGIN. Advisory locks are the database's: each schema has one of its own.
_LOCK = "SELECT WHERE pg_try_advisory_xact_lock(7411002, hashtext(current_schema()))"
_LOCKED = "SELECT 1"

log = structlog.get_logger(__name__)

_HEAD = statement("""
SELECT sequence, hash, (SELECT max(position) FROM audit_chain) AS position FROM audit_chain
ORDER BY sequence DESC LIMIT 1
""")
_NEW = statement("""
SELECT * FROM audit_entries WHERE position > :after ORDER BY position LIMIT :most
""")
_LATE = statement("""
SELECT e.* FROM audit_entries e WHERE e.position > :after AND e.position < :before
    AND NOT EXISTS (
        SELECT FROM audit_chain c
        WHERE c.position = e.position AND c.position > :after AND c.position < :before)
ORDER BY e.position LIMIT :most
""")
_UNTIL = statement("SELECT max(position) - CAST(:look_back AS bigint) FROM audit_chain")
_AFTER: BindParameter[int] = bindparam("after")
_entries = (
    select(audit_entries.c.position)
    .where(audit_entries.c.position > _AFTER, audit_entries.c.position <= bindparam("until"))
    .order_by(audit_entries.c.position)
    .limit(CHECKED_AT_ONCE)
    .subquery("entries")
)
_PLACES = statement(
    select(_entries.c.position, audit_chain.c.sequence)
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
_LINK = statement("""
INSERT INTO audit_chain (sequence, position, previous_hash, hash)
SELECT * FROM unnest(
    CAST(:sequences AS bigint[]), CAST(:positions AS bigint[]),
    CAST(:previous_hashes AS text[]), CAST(:hashes AS text[]))
""")


def link_hash(previous: str, sequence: int, entry: Any) -> str:
    """The hash of one entry at its place in the chain, as 64 hex digits."""
    parts = [previous, str(sequence), str(entry["entry_id"]), entry["at"].isoformat()]
    parts += [entry[name] for name in ("actor", "action", "subject_id", "reason", "request_id")]
    parts.append(entry["details"])
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


async def chain_once(database: Database, *, looking_back: bool = True) -> int:
    """Link the entries that are not linked yet; how many were. Two workers never fork the chain.

    Looking back finds those that were committed after later positions had been linked.
    """
    async with database.transaction(opening=f"{BEGIN_UNHURRIED}; {_LOCK}") as transaction:
        if transaction.opened != _LOCKED:
            return 0
        head = await transaction.row(_HEAD)
        sequence, previous, seen = tuple(head) if head else (0, GENESIS, 0)
        entries = []
        if looking_back:
            since = seen - LOOK_BACK
            entries = await transaction.rows(_LATE, after=since, before=seen, most=BATCH)
        entries += await transaction.rows(_NEW, after=seen, most=BATCH - len(entries))
        sequences = range(sequence + 1, sequence + 1 + len(entries))
        hashes = [previous]
        for sequence, entry in zip(sequences, entries, strict=True):
            hashes.append(link_hash(hashes[-1], sequence, entry))
        if entries:
            await transaction.run(
                _LINK,
                sequences=list(sequences),
                positions=[entry["position"] for entry in entries],
                previous_hashes=hashes[:-1],
                hashes=hashes[1:],
            )
    return len(entries)


async def forever(database: Database) -> None:
    """Link entries soon after they come; now and then look for those that came late."""
    looked_back = -LOOK_BACK_EVERY_S
    while True:
        database.audit_written.clear()
        looking_back = time.monotonic() - looked_back >= LOOK_BACK_EVERY_S
        try:
            while await chain_once(database, looking_back=looking_back) == BATCH:
                pass
            looked_back = time.monotonic() if looking_back else looked_back
        except Exception as error:
            log.warning("audit.waits", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(AGAIN_AFTER_S)
            continue
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await database.audit_written.wait()
        except TimeoutError:
            continue
        await asyncio.sleep(LINK_EVERY_S)  # the entries of this while are linked in one go


async def check(database: Database) -> list[str]:
    """What is wrong with the chain, in words, the first of it; an empty list means that it holds.

    It is read in parts, so that the memory does not grow with the log: entries are only added.
    """
    return [fault async for fault in _first(MOST_FAULTS, _broken(database), _left_out(database))]


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
    previous, seen = GENESIS, 0
    while part := await database.rows(_LINKS, after=seen):
        positions = [link["position"] for link in part]
        entries = {
            entry["position"]: entry for entry in await database.rows(_ENTRIES, positions=positions)
        }
        for link in part:
            sequence, entry = link["sequence"], entries.get(link["position"])
            if sequence != seen + 1:
                yield f"entry {seen + 1} is missing before {sequence}"
            if link["previous_hash"] != previous:
                yield f"entry {sequence} does not follow the one before it"
            if entry is None:
                yield f"entry {sequence} is gone, only its link is there"
            elif link["hash"] != link_hash(link["previous_hash"], sequence, entry):
                yield f"entry {sequence} is not what was written"
            previous, seen = link["hash"], sequence


async def _left_out(database: Database) -> AsyncIterator[str]:
    """Entries that later ones were linked without."""
    until, after = await database.value(_UNTIL, look_back=LOOK_BACK), _FIRST_POSITION
    while until is not None and (part := await database.rows(_PLACES, after=after, until=until)):
        for row in part:
            if row["sequence"] is None:
                yield f"the entry at position {row['position']} was never linked"
        after = part[-1]["position"]
