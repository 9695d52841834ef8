"""Handlers that share a transaction: fewer commits, and not one promise less."""

import asyncio
import json
from contextlib import asynccontextmanager

import asyncpg
import pytest
from chassis.messaging.consumers import Consumers, Poison
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.storage.database import RowLock, Transaction
from chassis_builders import QUEUE, an_event, consuming, is_empty, parked, relaying, until
from contracts_schema.commands.notifier import SetPreferences
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import uuid7
from contracts_schema.message import DiscordActor

MANY = 50
HEADERS = "SELECT headers FROM outbox"
NOTED = "SELECT subject_id, request_id FROM audit_entries ORDER BY position"


def a_consumer(bad: dict[str, Exception] | None = None) -> Consumers:
    """Notes each event, but fails for those that are bad."""
    consumers = Consumers("notifier")

    async def note(transaction: Transaction, event: PayoutAccountReady) -> None:
        transaction.audit("noted", event.user_id)
        if error := (bad or {}).get(event.user_id):
            raise error

    consumers.events(QUEUE, note)

    consumers.in_bulk(QUEUE)
    return consumers


async def published(db, url: str, count: int = MANY) -> list[PayoutAccountReady]:
    """Events that wait in the queue, in this order."""
    events = [an_event() for _ in range(count)]
    async with db.transaction() as transaction:
        for event in events:
            transaction.stage(event)
    async with relaying(db, url):
        await until(lambda: _all_sent(db))
    return events


async def _all_sent(db) -> bool:
    return await db.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0


async def applied(db) -> int:
    return await db.value("SELECT count(*) FROM inbox")


async def all_applied(db, count: int = MANY) -> bool:
    return await applied(db) == count


async def commits(db) -> int:
    """How many transactions claimed something."""
    return await db.value("SELECT count(DISTINCT xmin::text) FROM inbox")


async def noted(db) -> list[str]:
    return [row["subject_id"] for row in await db.rows(NOTED)]


async def test_those_that_came_together_are_applied_together_in_their_order(db, broker_for):
    broker = broker_for("escrow", "notifier")
    events = await published(db, broker.url("escrow"))

    async with consuming(a_consumer(), db, broker.url("notifier")):
        await until(lambda: all_applied(db))
        await until(lambda: is_empty(broker))

    assert await noted(db) == [event.user_id for event in events]
    assert await commits(db) < MANY / 4


async def test_each_is_applied_for_its_own_cause(db, broker_for):
    broker = broker_for("escrow", "notifier")
    await published(db, broker.url("escrow"))

    async with consuming(a_consumer(), db, broker.url("notifier")):
        await until(lambda: all_applied(db))

    sent = {
        json.loads(row["headers"])["cloudEvents_correlationid"] for row in await db.rows(HEADERS)
    }
    assert {row["request_id"] for row in await db.rows(NOTED)} == sent
    assert len(sent) == MANY


@pytest.mark.fault("M11")
async def test_copies_of_many_are_applied_once(db, broker_for):
    broker = broker_for("escrow", "notifier")
    await published(db, broker.url("escrow"))
    publisher = Publisher(broker.url("escrow"), "escrow")
    try:
        for _ in range(4):
            await db.pool.execute("UPDATE outbox SET published_at = NULL")
            await Relay(db, publisher).once()
        async with consuming(a_consumer(), db, broker.url("notifier")):
            await until(lambda: all_applied(db))
            await until(lambda: is_empty(broker))
    finally:
        await publisher.close()

    assert len(await noted(db)) == len(set(await noted(db))) == MANY
    assert await commits(db) < MANY / 4


async def test_what_was_handled_before_leaves_the_rest_of_its_batch_together(db, broker_for):
    broker = broker_for("escrow", "notifier")
    events = await published(db, broker.url("escrow"))
    await db.pool.execute(
        "INSERT INTO inbox (consumer, message_id) "
        "SELECT $1, message_id FROM outbox ORDER BY position LIMIT 30 OFFSET 10",
        QUEUE,
    )

    async with consuming(a_consumer(), db, broker.url("notifier")):
        await until(lambda: all_applied(db))
        await until(lambda: is_empty(broker))

    assert await noted(db) == [event.user_id for event in (*events[:10], *events[40:])]
    assert await commits(db) < 10


@pytest.mark.fault("M9")
@pytest.mark.parametrize("place", [0, 23, MANY - 1])
async def test_one_poison_among_many_is_parked_alone(db, broker_for, place):
    broker = broker_for("escrow", "notifier")
    events = await published(db, broker.url("escrow"))
    bad = {events[place].user_id: Poison("never")}

    async with consuming(a_consumer(bad), db, broker.url("notifier")):
        [message] = await parked(broker)
        await until(lambda: all_applied(db, MANY - 1))
        await until(lambda: is_empty(broker))

    assert json.loads(message.body) == {"user_id": events[place].user_id}
    good = {event.user_id for event in events} - bad.keys()
    assert sorted(await noted(db)) == sorted(good)


async def test_what_the_database_refuses_for_one_is_no_neighbours_fault(db, broker_for):
    broker, tries = broker_for("escrow", "notifier"), []
    events = await published(db, broker.url("escrow"))
    consumers = Consumers("notifier")

    async def note(transaction: Transaction, event: PayoutAccountReady) -> None:
        if event == events[7]:
            tries.append(event)
            if len(tries) < 3:
                with pytest.raises(asyncpg.DivisionByZeroError):
                    await transaction.run("SELECT 1 / 0")
        transaction.audit("noted", event.user_id)

    consumers.events(QUEUE, note)

    consumers.in_bulk(QUEUE)
    async with consuming(consumers, db, broker.url("notifier")):
        await until(lambda: all_applied(db))

    assert sorted(await noted(db)) == sorted(event.user_id for event in events)


async def test_one_that_comes_alone_fails_once_and_waits(db, broker_for):
    broker, tries = broker_for("escrow", "notifier"), []
    consumers = Consumers("notifier")

    async def fail_first(transaction: Transaction, event: PayoutAccountReady) -> None:
        tries.append(event)
        if len(tries) == 1:
            raise OSError("the network is away")

    consumers.events(QUEUE, fail_first)

    consumers.in_bulk(QUEUE)
    async with consuming(consumers, db, broker.url("notifier")):
        await published(db, broker.url("escrow"), 1)
        await until(lambda: all_applied(db, 1))

    assert len(tries) == 2


async def test_commands_share_a_transaction_while_what_each_prepared_is_open(db, broker_for):
    broker, still_open = broker_for("discord-gateway", "notifier"), set()
    all_prepared, seen = asyncio.Event(), []
    consumers = Consumers("notifier")

    @asynccontextmanager
    async def prepare(_, caller: DiscordActor, command: SetPreferences):
        still_open.add(caller.discord_user_id)
        if len(still_open) == 10:
            all_prepared.set()
        await all_prepared.wait()
        yield f"for {caller.discord_user_id}"
        still_open.discard(caller.discord_user_id)

    async def note(
        transaction: Transaction, caller: DiscordActor, command: SetPreferences, prepared: str
    ) -> None:
        seen.append((caller.discord_user_id in still_open, prepared))
        transaction.audit("noted", caller.discord_user_id)

    consumers.commands("notifier.commands", note, prepare=prepare)
    consumers.in_bulk("notifier.commands")
    async with db.transaction() as transaction:
        for number in range(10):
            actor = DiscordActor(discord_user_id=str(number))
            transaction.stage_command(SetPreferences(direct_messages=True), actor, uuid7())
    async with (
        relaying(db, broker.url("discord-gateway")),
        consuming(consumers, db, broker.url("notifier")),
    ):
        await until(lambda: all_applied(db, 10))

    assert sorted(seen) == [(True, f"for {number}") for number in range(10)]
    actors = await db.rows("SELECT subject_id, actor FROM audit_entries")
    assert {(row["actor"]) for row in actors} == {f"discord:{number}" for number in range(10)}
    assert await commits(db) < 5


async def test_a_row_that_is_locked_with_begin_shares_no_transaction():
    async def handler(transaction: Transaction, event: PayoutAccountReady) -> None: ...

    def lock(event: PayoutAccountReady) -> RowLock:
        return RowLock(event.user_id, "")

    locking, together = Consumers("notifier"), Consumers("notifier")
    locking.events(QUEUE, handler, lock=lock)
    with pytest.raises(ValueError, match="in bulk"):
        locking.in_bulk(QUEUE)
    together.in_bulk(QUEUE)
    with pytest.raises(ValueError, match="in bulk"):
        together.events(QUEUE, handler, lock=lock)
