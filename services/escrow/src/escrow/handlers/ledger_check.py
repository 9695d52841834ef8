"""The check of the books as a job: in parts, from where it stopped; red, no release goes out.

It reads some escrows at a time, each as it is at that moment, and in the end all postings as of one
moment. A red check stops releases as soon as the first fault is seen, rather than let them go on in
a wrong state; they never start again by themselves, only when an operator lets them after a green
one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer

from escrow.domain.errors import LedgerRed, LedgerUnproven
from escrow.handlers.ledger import Balance, Faults, Report, findings_of, prove_whole
from escrow.store import halt as halts
from escrow.store import ledger
from escrow.store import ledger_check as checks
from escrow.store.ledger_check import Check

CHECK, HALT = "ledger.check", "ledger"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the books: by the newest check that ended, and the one under way."""

    newest: Report | None
    running: Check | None
    halted: dict[str, str]


async def on_schedule(database: Database, timer: Timer, *, every: timedelta) -> None:
    """Prove the books, and again after a while."""
    await run(database)

    async def again(tx: Transaction) -> None:
        await tx.set_timer(CHECK, timer.subject_id, tx.now() + every)

    await database.run(again)


async def request(database: Database) -> None:
    """Have the books proven as soon as may be; one that is under way is that check."""

    async def ask(tx: Transaction) -> None:
        if await checks.find(tx, checks.RUNNING) is None:
            await tx.set_timer(CHECK, HALT, tx.now())

    await database.run(ask)


async def run(database: Database) -> Report:
    """Go on with the check that is under way, or begin one, to its end; what it found.

    Between parts it rests as long as they took, so that trades keep half of what it could take.
    """
    check = await checks.begin(database)
    while True:
        began = time.monotonic()
        part = await ledger.following(database, ledger.Place(check.reached_at, check.reached_id))
        if not part:
            return await _end(database, check)
        check = await _go_on(database, check, part)
        failpoint("escrow.between_parts_of_ledger_check")
        await asyncio.sleep(time.monotonic() - began)


async def _go_on(database: Database, check: Check, part: list[ledger.Place]) -> Check:
    """Check the escrows of one part, and keep that they were checked."""
    faults = _faults(check)
    for proof, fault in await ledger.refuted(database, part):
        faults.note(proof, fault)
    further = replace(
        check,
        checked=check.checked + len(part),
        reached_at=part[-1].at,
        reached_id=part[-1].escrow_id,
        faults=dict(faults),
    )

    async def keep(tx: Transaction) -> None:
        await checks.keep(tx, further, check.checked)
        await _stop_if_red(tx, further)

    await database.run(keep, Cause(actor="ledger"))
    return further


async def _end(database: Database, check: Check) -> Report:
    """Prove what only all postings together can show."""
    faults = _faults(check)
    async with database.transaction(opening=ledger.SNAPSHOT) as tx:
        balances = await prove_whole(tx, faults)
    shown = [(each.kind, each.currency, each.minor) for each in balances]
    whole = replace(check, faults=dict(faults), balances=shown)

    async def end(tx: Transaction) -> None:
        await checks.end(tx, whole)
        await _stop_if_red(tx, whole)

    await database.run(end, Cause(actor="ledger"))
    return Report(database.clock.now(), findings_of(faults), balances)


def _faults(check: Check) -> Faults:
    return Faults(list, {proof: list(found) for proof, found in check.faults.items()})


async def _stop_if_red(tx: Transaction, check: Check) -> None:
    if not check.faults:
        return
    faults = _report(check).faults[:1000]
    if await halts.add(tx, HALT, faults):
        tx.audit("releases.halt", HALT, reason=faults)
    log.error("ledger.red", faults=faults, next_step="releases are stopped; see the ledger")


def _report(check: Check) -> Report:
    balances = tuple(Balance(*each) for each in check.balances)
    return Report(check.ended_at or check.began_at, findings_of(check.faults), balances)


async def standing(reader: Transaction | Database) -> Standing:
    """What is known of the books now."""
    newest = await checks.find(reader, checks.ENDED)
    running = await checks.find(reader, checks.RUNNING)
    report = None if newest is None else _report(newest)
    return Standing(report, running, await halts.in_force(reader))


async def resume(tx: Transaction) -> None:
    """Let releases go on, if a check that began after they were stopped held to its end.

    Raises LedgerRed if the newest one did not, LedgerUnproven if there is none yet.
    """
    since = await halts.since(tx, HALT)
    if since is None:
        return
    newest = await checks.find(tx, checks.ENDED)
    running = await checks.find(tx, checks.RUNNING)
    if (running and running.faults) or (newest and newest.faults):
        raise LedgerRed
    if newest is None or newest.began_at < since:
        raise LedgerUnproven
    await halts.remove(tx, HALT)
    tx.audit("releases.resume", HALT, reason="every proof holds")
