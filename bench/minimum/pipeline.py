"""An event's way with bare asyncpg and aio-pika, as little as keeps every promise of ours.

State and outbox row in one statement; a relay that claims with SKIP LOCKED, publishes a batch
persistent and mandatory, and marks what the broker confirmed; a consumer that claims the message
in the transaction of the effect (one statement) and acks after the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aio_pika
import asyncpg
import uvloop
from contracts_schema.ids import new_id, uuid7

from bench import protocol
from bench.workload import repeat

TOPIC, EXCHANGE, QUEUE = "escrow.payout_account_ready.v1", "holdfast.events", "notifier.events"
POOL, PREFETCH, BATCH = 8, 100, 200

CHANGE = """
WITH changed AS (INSERT INTO bench_rows (id) VALUES ($1))
INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at)
VALUES ($2, 'holdfast.events', $3, $4, $5, $6)
"""
CLAIM = """
SELECT position, message_id, topic, headers, body FROM outbox
WHERE published_at IS NULL ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
"""
MARK = "UPDATE outbox SET published_at = now() WHERE position = ANY($1)"
APPLY = """
WITH claimed AS (
    INSERT INTO inbox (consumer, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1)
INSERT INTO bench_rows (id) SELECT $3 FROM claimed
"""


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Any, Any]]:
    """A pool and a channel."""
    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=POOL, max_size=POOL, reset=_left_as_is
    )
    connection = await aio_pika.connect(os.environ["BROKER_URL"])
    async with pool, connection:
        yield pool, await connection.channel(publisher_confirms=True, on_return_raises=True)


async def publish(count: int, rate: float) -> dict[str, float]:
    """Commit the changes and see them published."""
    async with opened() as (pool, channel):
        filled = asyncio.Event()
        relay = asyncio.ensure_future(_relay(pool, channel, filled))

        async def change(number: int) -> None:
            user_id, message_id, now = new_id("usr"), uuid7(), datetime.now(UTC)
            headers = {"cloudEvents_id": str(message_id), "cloudEvents_time": now.isoformat()}
            body = json.dumps({"user_id": user_id}).encode()
            await pool.execute(CHANGE, user_id, message_id, TOPIC, json.dumps(headers), body, now)
            filled.set()

        began, cpu = time.time(), time.process_time()
        await repeat(count, change, workers=POOL, rate=rate)
        while await pool.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        ended = time.time()
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay
        return {"began": began, "ended": ended, "cpu_s": time.process_time() - cpu}


async def _relay(pool: Any, channel: Any, filled: asyncio.Event) -> None:
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    while True:
        await filled.wait()
        filled.clear()
        while await _batch(pool, exchange) == BATCH:
            pass


async def _batch(pool: Any, exchange: Any) -> int:
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(CLAIM, BATCH)
        await asyncio.gather(
            *(exchange.publish(_message(row), row["topic"], mandatory=True) for row in rows)
        )
        await connection.execute(MARK, [row["position"] for row in rows])
    return len(rows)


def _message(row: Any) -> aio_pika.Message:
    return aio_pika.Message(
        row["body"],
        headers=json.loads(row["headers"]),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(row["message_id"]),
        type=row["topic"],
    )


async def consume(count: int) -> dict[str, float]:
    """Apply the events."""
    async with opened() as (pool, channel):
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(QUEUE, ensure=False)
        all_done, done = asyncio.Event(), 0

        async def apply(message: Any) -> None:
            nonlocal done
            body = json.loads(message.body)
            await pool.execute(APPLY, QUEUE, message.message_id, body["user_id"])
            await message.ack()
            done += 1
            if done >= count:
                all_done.set()

        await queue.consume(apply)
        protocol.tell(ready=True)
        cpu = time.process_time()
        await all_done.wait()
        return {"ended": time.time(), "cpu_s": time.process_time() - cpu}


async def _left_as_is(connection: Any) -> None:
    """A connection that comes back is not reset: it holds no session state."""


def main() -> None:
    """Play the part that the arguments name."""
    part, count = sys.argv[1], int(sys.argv[2])
    work: Any = publish(count, float(sys.argv[3])) if part == "publish" else consume(count)
    protocol.tell(**uvloop.run(work))


if __name__ == "__main__":
    main()
