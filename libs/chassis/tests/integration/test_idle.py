"""A service that nobody asks anything asks little itself."""

import asyncio

import asyncpg
from chassis.clock import SystemClock
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.storage import audit
from chassis.storage.database import Database
from chassis.storage.timers import Timers

SECONDS = 4.0
AT_MOST = 8


async def test_a_worker_without_work_hardly_asks_its_database(database_url, broker_for):
    asked: list[str] = []

    async def note_all(connection) -> None:
        connection.add_query_logger(lambda it: asked.append(it.query))

    timers = Timers()
    timers.on("expire")(_fired)
    publisher = Publisher(broker_for("notifier").url("notifier"), "notifier")
    async with asyncpg.create_pool(database_url, min_size=1, init=note_all) as pool:
        db = Database(pool, SystemClock(), "notifier")
        loops = (timers.forever(db), Relay(db, publisher).forever(), audit.forever(db))
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        await asyncio.sleep(0.5)
        at_start = len(asked)
        await asyncio.sleep(SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await publisher.close()

    assert at_start >= 3, "nobody looked at all"
    assert len(asked) - at_start <= AT_MOST, asked[at_start:]


async def _fired(transaction, timer) -> None:
    raise AssertionError("nothing is due")
