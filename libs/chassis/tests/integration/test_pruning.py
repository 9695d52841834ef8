"""What is past its time is forgotten a slice at a time, and nothing else is."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from chassis.storage.pruning import KEEP, SLICE, first_before, prune
from chassis.storage.sql import statement
from chassis.storage.tables import inbox

OLD, NEW = KEEP + timedelta(days=1), KEEP - timedelta(days=1)

FILL = {
    "outbox": """
        INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at, published_at)
        SELECT gen_random_uuid(), 'holdfast.events', 'any.v1', '{}', '', $1, $1
        FROM generate_series(1, $2)
    """,
    "inbox": """
        INSERT INTO inbox (consumer, message_id, received_at)
        SELECT 'any.queue', gen_random_uuid(), $1 FROM generate_series(1, $2)
    """,
    "idempotency_keys": """
        INSERT INTO idempotency_keys (principal, key, fingerprint, created_at)
        SELECT 'usr_1', gen_random_uuid()::text, '', $1 FROM generate_series(1, $2)
    """,
}
TABLES = tuple(FILL)


async def fill(db, table: str, age: timedelta, count: int) -> None:
    await db.pool.execute(FILL[table], db.clock.now() - age, count)


async def counts(db) -> list[int]:
    return [await db.value(f"SELECT count(*) FROM {table}") for table in TABLES]


async def test_everything_old_goes_and_everything_else_stays(db):
    for table in TABLES:
        await fill(db, table, OLD, 2 * SLICE + 7)
        await fill(db, table, NEW, 3)
    await db.pool.execute(
        "UPDATE outbox SET published_at = NULL WHERE message_id IN "
        "(SELECT message_id FROM outbox WHERE created_at < $1 LIMIT 2)",
        db.clock.now() - KEEP,
    )

    assert await prune(db) == 3 * (2 * SLICE + 7) - 2
    assert await counts(db) == [5, 3, 3]
    assert await prune(db) == 0


async def test_when_its_time_is_over_what_is_forgotten_stays_so_and_the_next_time_goes_on(db):
    await fill(db, "outbox", OLD, SLICE + 10)
    await fill(db, "inbox", OLD, SLICE + 20)

    assert await prune(db, at_most_s=0) == 2 * SLICE
    assert await counts(db) == [10, 20, 0]
    assert await prune(db, at_most_s=0) == 30


async def test_a_slice_that_fails_takes_no_earlier_one_with_it(db):
    await fill(db, "inbox", OLD, SLICE + 10)
    broken = statement("SELECT CAST(:before AS timestamptz), 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await prune(db, [first_before(inbox.c.received_at), broken])

    assert await counts(db) == [0, 10, 0]


async def test_two_that_prune_at_once_share_the_rows_and_wait_for_none_that_is_held(
    db, database_url
):
    await fill(db, "inbox", OLD, 3 * SLICE)
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT FROM inbox LIMIT 4 FOR UPDATE")
            async with asyncio.timeout(30):
                both = await asyncio.gather(prune(db), prune(db))
    finally:
        await other.close()

    assert sum(both) + await db.value("SELECT count(*) FROM inbox") == 3 * SLICE
    assert await prune(db) >= 4
    assert await counts(db) == [0, 0, 0]
