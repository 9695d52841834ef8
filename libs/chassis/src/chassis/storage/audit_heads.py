"""The heads of the audit log: once an hour how long it is and the hash that covers it is told.

Another service keeps what is told, where this one's database cannot reach it: who rewrites a log,
cuts its end or empties it cannot rewrite that. A head says also what the log holds at the place of
the head before, so that who keeps them sees within the hour that it is not the same log any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts_schema.events.audit import BY_SERVICE, EarlierHead

from chassis.storage import audit, audit_check
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from chassis.storage.timers import Timer, Timers

RECORD, CHECK = "audit.record_head", "audit.check"
LOG = "audit"
"""What both timers are about: a service has one log."""
CHECK_EVERY = timedelta(days=1)
WHILE_RED = timedelta(hours=1)
LOOK_EVERY_S = 60.0
"""For a service that has no timers but these."""

_BEGIN = statement("""
INSERT INTO timers (timer_id, kind, subject_id, due_at)
SELECT kind || ':' || :log, kind, :log, :due_at FROM unnest(CAST(:kinds AS text[])) kind
ON CONFLICT (timer_id) DO NOTHING
""")
_NOW = statement("""
SELECT coalesce(newest.sequence, 0) AS entries, coalesce(newest.hash, :genesis) AS hash,
    head.at AS earlier_at, head.entries AS earlier_entries,
    CASE WHEN head.entries = 0 THEN :genesis ELSE there.hash END AS earlier_hash
FROM (SELECT) AS one
LEFT JOIN (SELECT sequence, hash FROM audit_chain ORDER BY sequence DESC LIMIT 1) newest ON true
LEFT JOIN (SELECT at, entries FROM audit_heads ORDER BY at DESC LIMIT 1) head ON true
LEFT JOIN audit_chain there ON there.sequence = head.entries
""")
_KEEP = statement("INSERT INTO audit_heads (at, entries, hash) VALUES (:at, :entries, :hash)")


def register(timers: Timers | None) -> Timers:
    """Record a head every hour, and check the log every day, beside the service's own timers."""
    both = timers or Timers(look_every_s=LOOK_EVERY_S)
    both.on(RECORD)(record)
    both.job(CHECK)(check)
    return both


async def begin(database: Database) -> None:
    """Have both timers be there; the first time they are due with the next full hour."""
    due_at = following(database.clock.now())
    await database.execute(_BEGIN, log=LOG, due_at=due_at, kinds=[RECORD, CHECK])


async def record(tx: Transaction, timer: Timer) -> None:
    """Link what is to be linked, record how far the log is, and tell it."""
    await audit.link_all(tx)
    row = await tx.row(_NOW, genesis=audit.GENESIS)
    if row is None:
        raise RuntimeError("a row that is always there is not")
    now, earlier = tx.now(), None
    if row["earlier_at"] is not None:
        earlier = EarlierHead(
            at=row["earlier_at"], entries=row["earlier_entries"], hash=row["earlier_hash"]
        )
    await tx.run(_KEEP, at=now, entries=row["entries"], hash=row["hash"])
    tx.stage(
        BY_SERVICE[tx.service](
            service=tx.service,
            at=now,
            entries=row["entries"],
            hash=row["hash"],
            follows=earlier,
        )
    )
    await tx.set_timer(RECORD, LOG, following(now))
    await tx.run(_BEGIN, log=LOG, due_at=following(now), kinds=[CHECK])


async def check(database: Database, timer: Timer) -> None:
    """Compare the whole log, raise an alarm if it is not right, and check again in time."""
    faults = await audit_check.check(database)
    if faults:
        audit_check.alarm("log", faults)

    async def again(tx: Transaction) -> None:
        await tx.set_timer(CHECK, LOG, tx.now() + (WHILE_RED if faults else CHECK_EVERY))

    await database.run(again)


def following(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
