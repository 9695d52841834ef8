"""The check of one service's audit log, for operators: ``python -m chassis.audit_log SERVICE``.

It checks the log in the database that HOLDFAST_DATABASE_URL names, compares it with the heads that
standard input holds (JSON lines, as ``python -m contracts.locked_heads`` prints them, of which it
takes this service's), says what it found, and exits 0 if all of it is right, else 1.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import datetime

from chassis.clock import SystemClock
from chassis.settings import given
from chassis.storage import audit_check
from chassis.storage.database import connect

Head = tuple[datetime, int, str]


def heads_of(service: str, lines: Iterable[str]) -> list[Head]:
    """The service's heads among these lines."""
    read = [json.loads(line) for line in lines if line.strip()]
    return [
        (datetime.fromisoformat(it["at"]), it["entries"], it["hash"])
        for it in read
        if it["service"] == service
    ]


async def _faults(service: str, url: str, heads: list[Head]) -> list[str]:
    async with connect(url, SystemClock(), service, size=2) as database:
        found = await audit_check.check(database)
        return found + [
            f"under lock: {it}" for it in await audit_check.differences(database, heads)
        ]


def main(arguments: list[str]) -> int:
    """Check the log: 0 if it is right, 1 if it is not, 2 if nothing could be checked."""
    url = given("database_url")
    if len(arguments) != 1 or not url:
        print(__doc__, file=sys.stderr)
        return 2
    [service] = arguments
    heads = heads_of(service, sys.stdin)
    faults = asyncio.run(_faults(service, url, heads))
    print(f"{'RED' if faults else 'ok '}  {service}, against {len(heads)} heads under lock")
    print(*(f"       {fault}" for fault in faults), sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
