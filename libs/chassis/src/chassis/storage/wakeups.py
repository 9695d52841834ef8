"""Wake-up calls between processes: what one commits, another's relay and timers do at once.

One process that plays all roles needs none of this: its own events wake it. Where roles are
apart, an api process says NOTIFY after its commits and a worker process LISTENs. NOTIFY takes a
lock of the whole server at commit, so it never runs in a business transaction: it goes out on a
connection of its own, one for all the commits of a few milliseconds. A call that is lost costs
only time: workers also look by themselves.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import structlog

from chassis.storage.database import LOST, Database

DEBOUNCE_S = 0.01
AGAIN_AFTER_S = 1.0
LOOK_EVERY_S = 10.0

log = structlog.get_logger(__name__)


def channel_of(service: str) -> str:
    """The channel that a service's processes share."""
    return service.replace("-", "_") + "_wake"


async def call_forever(database: Database, url: str) -> None:
    """Tell the workers elsewhere of each commit here that gives them something to do."""
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
            try:
                await _call(database, connection)
            finally:
                connection.terminate()
        except (*LOST, TimeoutError) as error:
            log.warning("wakeups.call_waits", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(AGAIN_AFTER_S)


async def _call(database: Database, connection: Any) -> None:
    events = _events(database)
    while True:
        await database.woken.wait()
        database.woken.clear()
        names = [name for name, event in events.items() if event.is_set()]
        for name in names:
            events[name].clear()
        await connection.execute(
            "SELECT pg_notify($1, $2)", channel_of(database.service), ",".join(names), timeout=5
        )
        await asyncio.sleep(DEBOUNCE_S)


async def listen_forever(database: Database, url: str) -> None:
    """Wake this process's workers when another process calls."""
    events = _events(database)

    def heard(_: Any, __: int, ___: str, payload: object) -> None:
        for name in str(payload).split(","):
            if name in events:
                events[name].set()

    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
            try:
                await connection.add_listener(channel_of(database.service), heard)
                for event in events.values():
                    event.set()  # whatever was called while nobody listened
                while True:
                    await asyncio.sleep(LOOK_EVERY_S)
                    await connection.execute("SELECT 1", timeout=5)
            finally:
                connection.terminate()
        except (*LOST, TimeoutError) as error:
            log.warning("wakeups.listen_waits", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(AGAIN_AFTER_S)


def _events(database: Database) -> dict[str, asyncio.Event]:
    return {
        "outbox": database.outbox_filled,
        "timers": database.timers_set,
        "audit": database.audit_written,
    }
