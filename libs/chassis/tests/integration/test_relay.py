"""The relay: what was just committed leaves from memory, and what nobody holds is read when due."""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager

import aio_pika
import asyncpg
import pytest
from chassis.clock import SystemClock
from chassis.messaging.handover import MARK_EVERY_S
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import BATCH, Relay
from chassis.storage import outbox
from chassis.storage.database import Database
from chassis_builders import QUEUE, an_event, relaying, until
from contracts_schema.commands.listings import WithdrawOffer
from contracts_schema.events.discord import DeliveryFailed
from contracts_schema.ids import new_id, uuid7
from contracts_schema.message import DiscordActor

UNMARKED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@asynccontextmanager
async def a_process(database_url):
    """A database as a process of its own has it, and all that it is asked."""
    asked: list[str] = []

    async def note_all(connection) -> None:
        connection.add_query_logger(lambda it: asked.append(it.query))

    async with asyncpg.create_pool(database_url, min_size=1, init=note_all) as pool:
        yield Database(pool, SystemClock(), "escrow"), asked


@asynccontextmanager
async def heard(broker):
    """The ids of what reaches the queue."""
    found: list[str] = []

    async def note(message) -> None:
        found.append(message.message_id)

    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(QUEUE, ensure=False)
        await queue.consume(note, no_ack=True)
        yield found


@asynccontextmanager
async def a_relay(db, url):
    """A relay that nobody has started."""
    publisher = Publisher(url, "escrow")
    yield Relay(db, publisher)
    await publisher.close()


async def stage(db, count: int = 1) -> None:
    async with db.transaction() as transaction:
        for _ in range(count):
            transaction.stage(an_event())


async def all_marked(db) -> bool:
    return await db.value(UNMARKED) == 0


async def test_what_its_process_commits_is_published_unread_and_marked_together(
    database_url, broker_for
):
    broker = broker_for("escrow", "notifier")
    async with (
        a_process(database_url) as (db, asked),
        heard(broker) as found,
        relaying(db, broker.url("escrow")),
    ):
        await until(lambda: any("outbox" in query for query in asked))
        asked.clear()
        began = time.monotonic()
        await asyncio.gather(*(stage(db) for _ in range(20)))
        await until(lambda: len(found) == 20)
        await until(lambda: all_marked(db))
        marks = [query for query in asked if "UPDATE outbox" in query]
        read = [query for query in asked if "FOR UPDATE SKIP LOCKED" in query]
        most = 1 + (time.monotonic() - began) / MARK_EVERY_S

    assert read == []
    assert 1 <= len(marks) <= most
    assert len(set(found)) == 20


@pytest.mark.fault("P9")
async def test_processes_that_all_commit_and_relay_send_nothing_twice(database_url, broker_for):
    broker = broker_for("escrow", "notifier")
    async with (
        a_process(database_url) as (one, _),
        a_process(database_url) as (two, _),
        a_process(database_url) as (api, _),
        heard(broker) as found,
        relaying(one, broker.url("escrow")),
        relaying(two, broker.url("escrow")),
    ):
        for _ in range(25):
            await asyncio.gather(*(stage(db, 2) for db in (one, two, api)))
            for db in (one, two):
                db.outbox_filled.set()  # as api's NOTIFY does
        await until(lambda: len(set(found)) == 150)
        await until(lambda: all_marked(api))
        await asyncio.sleep(2.5)  # whatever was not marked in time would come again now

    assert len(found) == 150


async def test_what_does_not_fit_into_memory_is_read(database_url, broker_for):
    broker = broker_for("escrow", "notifier")
    async with (
        a_process(database_url) as (db, asked),
        heard(broker) as found,
        relaying(db, broker.url("escrow")),
    ):
        await until(lambda: db.fresh is not None)
        db.fresh._most_bytes = 10 * 4096
        await stage(db, 11)
        await stage(db, 10)
        await until(lambda: len(found) == 21)
        await until(lambda: all_marked(db))
        await until(lambda: db.fresh.held == [])

    assert len(set(found)) == 21
    assert any("FOR UPDATE SKIP LOCKED" in query for query in asked)


async def test_what_a_process_that_died_held_leaves_when_it_is_due(database_url, broker_for):
    broker = broker_for("escrow", "notifier")
    async with a_process(database_url) as (dead, _), a_process(database_url) as (db, _):
        dead.fresh = outbox.Fresh()
        async with heard(broker) as found, relaying(db, broker.url("escrow")):
            await stage(dead, 3)
            await until(lambda: len(found) == 3)
            await until(lambda: all_marked(db))
        early = "SELECT count(*) FROM outbox WHERE published_at < due_at"
        assert await db.value(early) == 0

    assert len(set(found)) == 3


async def test_messages_that_no_queue_takes_do_not_hold_up_later_ones(database_url, broker_for):
    broker = broker_for("discord-gateway", "notifier")
    actor = DiscordActor(discord_user_id="1")
    async with a_process(database_url) as (db, _):
        async with db.transaction() as transaction:
            for _ in range(BATCH + 50):
                command = WithdrawOffer(offer_id=new_id("ofr"))
                transaction.stage_command(command, actor, uuid7())
        async with db.transaction() as transaction:
            transaction.stage(a_failure())
        async with heard(broker) as found:
            async with relaying(db, broker.url("discord-gateway")):
                await until(lambda: found)
                async with db.transaction() as transaction:
                    transaction.stage(a_failure())
                await until(lambda: len(found) == 2)
            assert await db.value(UNMARKED) == BATCH + 50

    again = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND due_at > now()"
    assert await _value(database_url, again) == BATCH + 50


async def _value(database_url, sql):
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def a_failure() -> DeliveryFailed:
    return DeliveryFailed(delivery_id=new_id("dlv"), reason_code="closed")


@pytest.mark.parametrize("held", [True, False], ids=["from memory", "read"])
async def test_a_message_that_the_broker_forbids_does_not_hold_up_the_others(
    database_url, broker_for, held
):
    broker = broker_for("escrow", "notifier")
    async with a_process(database_url) as (db, _), heard(broker) as found:

        async def stage_all() -> None:
            async with db.transaction() as transaction:
                for number in range(10):
                    transaction.stage(a_failure() if number == 3 else an_event())

        if not held:
            await stage_all()
        async with relaying(db, broker.url("escrow")):
            if held:
                await until(lambda: db.fresh is not None)
                await stage_all()
            await until(lambda: len(set(found)) == 9)
            await until(lambda: _is_one(db))
            await stage(db)
            await until(lambda: len(set(found)) == 10)


async def _is_one(db) -> bool:
    return await db.value(UNMARKED) == 1


async def test_a_stop_between_confirmation_and_mark_sends_nothing_twice(db, broker_for):
    broker = broker_for("escrow", "notifier")
    await stage(db, 5)
    async with heard(broker) as found, AsyncExitStack() as locked:
        # Rows may be claimed under this lock, and not marked.
        connection = await locked.enter_async_context(db.pool.acquire())
        await locked.enter_async_context(connection.transaction())
        await connection.execute("LOCK TABLE outbox IN SHARE MODE")
        async with a_relay(db, broker.url("escrow")) as relay:
            task = asyncio.create_task(relay.forever())
            await until(lambda: len(found) == 5)
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
            await locked.aclose()
            await asyncio.wait([task])

        assert await all_marked(db)
        assert len(found) == 5
