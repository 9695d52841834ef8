"""The proof that the books are right: every escrow by itself, then what only all of them show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.storage.database import Database, Transaction

from escrow.domain.ledger import DEBIT
from escrow.store import ledger
from escrow.store.proofs import FLOORS, MOST_FAULTS, PROOFS, RUNNING, WHOLE


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


class Faults(defaultdict[str, list[str]]):
    """The first of each proof's faults."""

    def note(self, proof: str, fault: str) -> None:
        """Keep it, unless there are enough of them."""
        if len(self[proof]) < MOST_FAULTS:
            self[proof].append(fault)


async def check(database: Database) -> Report:
    """Prove the books as they are at one moment, changing nothing."""
    faults, after = Faults(list), ledger.START
    async with database.transaction(opening=ledger.SNAPSHOT) as tx:
        while part := await ledger.following(tx, after):
            after = part[-1]
            for proof, fault in await ledger.refuted(tx, part):
                faults.note(proof, fault)
        balances = await prove_whole(tx, faults)
    return Report(database.clock.now(), findings_of(faults), balances)


def findings_of(faults: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
    """Every proof with what contradicts it."""
    return tuple(Finding(name, tuple(faults.get(name, ()))) for name in PROOFS)


async def prove_whole(tx: Transaction, faults: Faults) -> tuple[Balance, ...]:
    """What only all postings together can show; what the accounts of each kind hold."""
    whole: Counter[str] = Counter()
    of_kind: Counter[tuple[str, str]] = Counter()
    of_platform: Counter[tuple[str, str]] = Counter()
    async for total in ledger.totals(tx):
        whole[total.currency] += total.minor
        normal = "debit" if total.kind in DEBIT else "credit"
        of_kind[total.kind, total.currency] += _stands_at(total.minor, normal)
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


def _prove_shared(account: ledger.Shared, summed: int, faults: Faults) -> None:
    named, stands_at = account.account, _stands_at(summed, account.normal)
    if account.floor is not None and stands_at < account.floor:
        faults.note(FLOORS, f"{named} stands at {stands_at} {account.currency}")
    if account.kept != summed:
        kept = f"{named} is kept as {account.kept} {account.currency}"
        faults.note(RUNNING, f"{kept}, its postings sum to {summed}")


def _stands_at(minor: int, normal: str) -> int:
    return minor if normal == "debit" else -minor
