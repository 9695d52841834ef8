"""The audit log's chain: each entry's hash covers the one before, so that no change stays unseen.

Entries are written in the transaction of what they record; one worker at a time links them
afterwards, in the order of their positions and many at once, so that business transactions do not
queue for the chain's head and linking costs little. ``audit_heads`` records how far the chain is,
``audit_check`` compares all of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import structlog

from chassis.storage.database import BEGIN_UNHURRIED, Database, Transaction
from chassis.storage.sql import statement

BATCH = 500
LOOK_EVERY_S = 30.0
LINK_EVERY_S = 1.0
AGAIN_AFTER_S = 1.0
LOOK_BACK_EVERY_S = 5.0
LOOK_BACK = 10_000
"""A transaction may commit an entry after later positions were linked, but never so many later."""
GENESIS = "0" * 64
# The lock travels with BEGIN. Advisory locks are the database's: each schema has one of its own.
_LOCK = "SELECT WHERE pg_try_advisory_xact_lock(7411002, hashtext(current_schema()))"
_LOCKED = "SELECT 1"
_WAIT = statement("SELECT pg_advisory_xact_lock(7411002, hashtext(current_schema()))")

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
        return await _link(transaction, looking_back)


async def link_all(transaction: Transaction) -> None:
    """Link, in this transaction, all that is not linked yet; it waits for others who link."""
    await transaction.run(_WAIT)
    while await _link(transaction, looking_back=True) == BATCH:
        pass


async def _link(transaction: Transaction, looking_back: bool) -> int:
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
