"""The proof that the books are right; while they are not, no release goes out.

A red check stops releases rather than let them go on in a wrong state; they never start again by
themselves, only when an operator lets them after a green one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from chassis.cause import Cause
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer

from escrow.store import halt as halts
from escrow.store import ledger
from escrow.store.proofs import FLOORS, MOST_FAULTS, PROOFS, RUNNING, WHOLE

CHECK, HALT = "ledger.check", "ledger"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One proof and what contradicts it."""

    name: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Balance:
    """What all accounts of one kind hold together."""

    kind: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found."""

    checked_at: datetime
    findings: tuple[Finding, ...]
    balances: tuple[Balance, ...]

    @property
    def green(self) -> bool:
        """Whether every proof holds."""
        return all(finding.holds for finding in self.findings)

    @property
    def faults(self) -> str:
        """What is wrong, in one line."""
        return "; ".join(f"{f.name}: {f.faults[0]}" for f in self.findings if not f.holds)


class _Faults(defaultdict[str, list[str]]):
    """The first of each proof's faults."""

    def note(self, proof: str, fault: str) -> None:
        """Keep it, unless there are enough of them."""
        if len(self[proof]) < MOST_FAULTS:
            self[proof].append(fault)


async def check(database: Database) -> Report:
    """Prove the books as they are at one moment, changing nothing."""
    faults = _Faults(list)
    async with database.transaction(opening=ledger.SNAPSHOT) as tx:
        async for proof, fault in ledger.refuted(tx):
            faults.note(proof, fault)
        balances = await _prove_whole(tx, faults)
    findings = tuple(Finding(name, tuple(faults[name])) for name in PROOFS)
    return Report(database.clock.now(), findings, balances)


async def _prove_whole(tx: Transaction, faults: _Faults) -> tuple[Balance, ...]:
    """What only all postings together can show; what the accounts of each kind hold."""
    whole: Counter[str] = Counter()
    of_kind: Counter[tuple[str, str]] = Counter()
    of_platform: Counter[tuple[str, str]] = Counter()
    async for total in ledger.totals(tx):
        whole[total.currency] += total.minor
        of_kind[total.kind, total.currency] += _stands_at(total.minor, total.normal)
        if total.account is not None:
            of_platform[total.account, total.currency] += total.minor
    for currency, minor in whole.items():
        if minor:
            faults.note(WHOLE, f"{currency} sums to {minor}")
    async for account in ledger.shared(tx):
        summed = account.minor
        if summed is None:
            summed = of_platform.pop((account.account, account.currency), 0)
        _prove_shared(account, summed, faults)
    for (named, currency), minor in of_platform.items():
        faults.note(RUNNING, f"{named} is not kept in {currency}, its postings sum to {minor}")
    return tuple(Balance(*named, minor) for named, minor in sorted(of_kind.items()))


def _prove_shared(account: ledger.Shared, summed: int, faults: _Faults) -> None:
    named, stands_at = account.account, _stands_at(summed, account.normal)
    if account.floor is not None and stands_at < account.floor:
        faults.note(FLOORS, f"{named} stands at {stands_at} {account.currency}")
    if account.kept != summed:
        kept = f"{named} is kept as {account.kept} {account.currency}"
        faults.note(RUNNING, f"{kept}, its postings sum to {summed}")


def _stands_at(minor: int, normal: str) -> int:
    return minor if normal == "debit" else -minor


async def watch(database: Database) -> Report:
    """Prove the books now, and stop releases if they are wrong."""
    report = await check(database)
    if report.green:
        return report
    faults = report.faults[:1000]

    async def stop(tx: Transaction) -> None:
        if await halts.add(tx, HALT, faults):
            tx.audit("releases.halt", HALT, reason=faults)

    await database.run(stop, Cause(actor="ledger"))
    log.error("ledger.red", faults=faults, next_step="releases are stopped; see the ledger")
    return report


async def on_schedule(database: Database, timer: Timer, *, every: timedelta) -> None:
    """Prove the books, and again after a while."""
    await watch(database)

    async def again(tx: Transaction) -> None:
        await tx.set_timer(CHECK, timer.subject_id, tx.now() + every)

    await database.run(again)


async def resume(database: Database, cause: Cause) -> bool:
    """Let releases go on, if every proof holds now; False if one does not."""
    if not (await watch(database)).green:
        return False

    async def go_on(tx: Transaction) -> None:
        if await halts.remove(tx, HALT):
            tx.audit("releases.resume", HALT, reason="every proof holds")

    await database.run(go_on, cause)
    return True
