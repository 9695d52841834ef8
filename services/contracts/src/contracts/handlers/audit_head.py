"""The heads of every service's audit log: kept here and under lock, each compared with the last.

Nobody can change what is under lock, so that whoever rewrites a service's log, and even what is
kept of it here, is found out when that service tells its next head.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from chassis.ops.failpoints import failpoint
from chassis.storage import audit_check
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.audit import AuditHeadRecorded
from contracts_schema.speakers import SPEAKERS
from contracts_schema.terms import sha256_hex

from contracts import store
from contracts.domain.audit_head import FOLDER, AuditHead, contradiction, key_of
from contracts.handlers.draft import KEPT
from contracts.ports import Archive, ArchiveDiffers

LOCK, REVIEW = "audit_head.lock", "audit_head.review"
EVERY_LOG = "every"
WAITED = timedelta(hours=2)
"""So long for the head that another one follows: messages overtake each other by minutes."""
REVIEW_EVERY = timedelta(days=1)
WHILE_RED = timedelta(hours=1)
COMPARED_AGAIN = timedelta(days=2)
TOLD_AGAIN = timedelta(days=7)
SILENT_FOR = 3
"""Heads of contracts, one an hour, without one of another service."""


class TooEarly(Exception):
    """The head that this one follows is not here yet, or not under lock."""


async def keep(tx: Transaction, event: AuditHeadRecorded) -> None:
    """Keep what a service told of its log, and have it put under lock."""
    earlier = event.follows
    head = AuditHead(
        service=event.service,
        at=event.at,
        entries=event.entries,
        hash=event.hash,
        follows_at=earlier.at if earlier else None,
        follows_entries=earlier.entries if earlier else None,
        follows_hash=earlier.hash if earlier else None,
        received_at=tx.now(),
    )
    if await store.audit_head.add(tx, head):
        about = {"service": head.service, "at": head.at.isoformat()}
        await tx.set_timer(LOCK, f"{head.service} {head.at.isoformat()}", tx.now(), about)


async def lock(database: Database, timer: Timer, archive: Archive) -> None:
    """Compare a head with the one it follows, and put it under lock. It can be done again."""
    service, at = timer.payload["service"], datetime.fromisoformat(timer.payload["at"])
    head = await store.audit_head.find(database, service, at)
    if head is None or head.kept_at is not None:
        return
    fault = await _fault(database, head, archive)
    until = head.received_at + KEPT
    await archive.keep(head.key, head.document(), "application/json", until)
    failpoint("contracts.audit_head.locked")
    if await database.run(partial(store.audit_head.note_kept, head=head, fault=fault)) and fault:
        audit_check.alarm("heads", [fault])


async def review(database: Database, timer: Timer, archive: Archive) -> None:
    """Once a day: what is kept here is what lies under lock, and nobody fell silent."""
    faults = await _faults(database, archive)
    if faults:
        audit_check.alarm("heads", faults)

    async def again(tx: Transaction) -> None:
        await tx.set_timer(REVIEW, EVERY_LOG, tx.now() + (WHILE_RED if faults else REVIEW_EVERY))

    await database.run(again)


async def _fault(database: Database, head: AuditHead, archive: Archive) -> str:
    earlier = None
    if head.follows_at is not None:
        earlier = await store.audit_head.find(database, head.service, head.follows_at)
        if earlier is None and database.clock.now() >= head.received_at + WAITED:
            return f"{head.key} follows a head that is not known here"
        if earlier is None or earlier.kept_at is None:
            raise TooEarly(f"{head.key} follows one that is not under lock yet")
        if fault := await _not_as_locked(earlier, archive):
            return fault
    between = await store.audit_head.count_between(database, head.service, head.follows_at, head.at)
    return contradiction(head, earlier, between)


async def _faults(database: Database, archive: Archive) -> list[str]:
    now = database.clock.now()
    faults = await store.audit_head.faults_since(database, now - TOLD_AGAIN)
    faults += [
        f"the log of {service} told no head since {at:%Y-%m-%d %H:%M}"
        for service, at in await store.audit_head.silent(database, SILENT_FOR)
    ]
    known = await store.audit_head.since(database, now - COMPARED_AGAIN)
    keys = {head.key for head in known}
    for service in sorted(SPEAKERS.keys() | {head.service for head in known}):
        begin = key_of(service, now - COMPARED_AGAIN)
        locked = await archive.names(f"{FOLDER}/{service}/", after=begin)
        faults += [
            f"{key} lies under lock and is not known here" for key in locked if key not in keys
        ]
    for head in known:
        if head.kept_at is not None and (fault := await _not_as_locked(head, archive)):
            faults.append(fault)
    return faults


async def _not_as_locked(head: AuditHead, archive: Archive) -> str:
    try:
        await archive.read(head.key, sha256_hex(head.document()))
    except ArchiveDiffers as error:
        return str(error)
    return ""
