"""Every proof over one snapshot: ``HOLDFAST_DATABASE_URL=… python -m escrow.ledger.check``."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.clock import SystemClock
from chassis.storage.database import Database, connect

from escrow.ledger.proofs import BALANCES, COUNTED, PROOFS, Proof

MOST_FAULTS = 20


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


async def check(database: Database) -> Report:
    """Prove the books, changing nothing."""
    async with (
        database.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        findings = [Finding(proof.name, await _faults(connection, proof)) for proof in PROOFS]
        rows = await connection.fetch(BALANCES)
    balances = tuple(Balance(row["kind"], row["currency"], int(row["sum"])) for row in rows)
    return Report(database.clock.now(), tuple(findings), balances)


async def _faults(connection: Any, proof: Proof) -> tuple[str, ...]:
    arguments = [list(column) for column in zip(*COUNTED, strict=True)] if "$1" in proof.sql else []
    rows = await connection.fetch(f"{proof.sql} LIMIT {MOST_FAULTS}", *arguments)
    return tuple(row["fault"] for row in rows)


def show(report: Report) -> str:
    """The report for a terminal."""
    lines = []
    for finding in report.findings:
        lines.append(f"{'ok ' if finding.holds else 'RED'}  {finding.name}")
        lines += [f"       {fault}" for fault in finding.faults]
    lines += [f"     {b.kind:<16} {b.minor:>20} {b.currency} minor units" for b in report.balances]
    return "\n".join(lines)


async def _check_at(url: str) -> Report:
    async with connect(url, SystemClock(), "escrow", size=2) as database:
        return await check(database)


def main() -> int:
    """Check the database that HOLDFAST_DATABASE_URL names: 0 if every proof holds, else 1."""
    named = os.environ.get("HOLDFAST_DATABASE_URL_FILE")
    url = Path(named).read_text().strip() if named else os.environ.get("HOLDFAST_DATABASE_URL")
    if not url:
        print("set HOLDFAST_DATABASE_URL to escrow's database", file=sys.stderr)
        return 2
    report = asyncio.run(_check_at(url))
    print(show(report))
    return 0 if report.green else 1


if __name__ == "__main__":
    raise SystemExit(main())
