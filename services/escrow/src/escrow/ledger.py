"""The proof that the books are right, for operators: ``python -m escrow.ledger check``.

It checks the database that HOLDFAST_DATABASE_URL names, prints each proof, and exits 0 if every one
holds, else 1.
"""

from __future__ import annotations

import asyncio
import sys

from chassis.clock import SystemClock
from chassis.settings import given
from chassis.storage.database import connect

from escrow.handlers.ledger import Report, check


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


def main(arguments: list[str]) -> int:
    """Check the books: 0 if every proof holds, 1 if one does not, 2 if none could be made."""
    if arguments != ["check"]:
        print(__doc__, file=sys.stderr)
        return 2
    url = given("database_url")
    if not url:
        print("set HOLDFAST_DATABASE_URL to escrow's database", file=sys.stderr)
        return 2
    report = asyncio.run(_check_at(url))
    print(show(report))
    return 0 if report.green else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
