"""The audit log's chain: each entry's hash covers the one before, so that no change stays unseen.

Entries are written in the transaction of what they record; one worker at a time links them in
order afterwards, so that business transactions do not queue for the chain's head.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import structlog

from chassis.database import Database

BATCH = 500
POLL_S = 2.0
GENESIS = "0" * 64
_LOCK_KEY = 7_411_002

log = structlog.get_logger(__name__)

_COLUMNS = "e.entry_id, e.at, e.actor, e.action, e.subject_id, e.reason, e.request_id, e.details"
_UNLINKED = f"""
SELECT {_COLUMNS} FROM audit_entries e LEFT JOIN audit_chain c USING (entry_id)
WHERE c.entry_id IS NULL ORDER BY e.at, e.entry_id LIMIT $1
"""  # noqa: S608


def link_hash(previous: str, sequence: int, entry: Any) -> str:
    """The hash of one entry at its place in the chain, as 64 hex digits."""
    parts = [previous, str(sequence), str(entry["entry_id"]), entry["at"].isoformat()]
    parts += [entry[name] for name in ("actor", "action", "subject_id", "reason", "request_id")]
    parts.append(entry["details"])
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


async def chain_once(database: Database) -> int:
    """Link the entries that are not linked yet; how many were. Two workers never fork the chain."""
    async with database.pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK_KEY):
            return 0
        head = await connection.fetchrow(
            "SELECT sequence, hash FROM audit_chain ORDER BY sequence DESC LIMIT 1"
        )
        sequence, previous = (head["sequence"], head["hash"]) if head else (0, GENESIS)
        links = []
        for entry in await connection.fetch(_UNLINKED, BATCH):
            sequence += 1
            linked = link_hash(previous, sequence, entry)
            links.append((sequence, entry["entry_id"], previous, linked))
            previous = linked
        await connection.executemany(
            "INSERT INTO audit_chain (sequence, entry_id, previous_hash, hash)"
            " VALUES ($1, $2, $3, $4)",
            links,
        )
    return len(links)


async def forever(database: Database) -> None:
    """Link entries as they come."""
    while True:
        database.audit_written.clear()
        try:
            while await chain_once(database) == BATCH:
                pass
        except Exception as error:
            log.warning("audit.waits", error=f"{type(error).__name__}: {error}"[:300])
        try:
            async with asyncio.timeout(POLL_S):
                await database.audit_written.wait()
        except TimeoutError:
            pass


async def check(database: Database) -> list[str]:
    """What is wrong with the chain, in words; an empty list means that it holds."""
    faults: list[str] = []
    previous, expected = GENESIS, 1
    rows = await database.rows(
        f"SELECT c.sequence, c.previous_hash, c.hash, {_COLUMNS}"  # noqa: S608
        " FROM audit_chain c JOIN audit_entries e USING (entry_id) ORDER BY c.sequence"
    )
    for row in rows:
        if row["sequence"] != expected:
            faults.append(f"entry {expected} is missing before {row['sequence']}")
        if row["previous_hash"] != previous:
            faults.append(f"entry {row['sequence']} does not follow the one before it")
        if row["hash"] != link_hash(row["previous_hash"], row["sequence"], row):
            faults.append(f"entry {row['sequence']} is not what was written")
        previous, expected = row["hash"], row["sequence"] + 1
    return faults
