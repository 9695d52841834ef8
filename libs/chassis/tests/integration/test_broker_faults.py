"""The link to the broker fails in its worst ways: late, doubled, but never lost."""

import asyncio
import time
from urllib.parse import quote

import pytest
from chaos_proxy import standing_before
from chassis.messaging.consumers import Consumers
from chassis.messaging.publisher import BROKEN, Publisher
from chassis.messaging.relay import Relay
from chassis.storage import database
from chassis.storage.database import Transaction
from chassis_builders import QUEUE, an_event, consuming, relaying, until
from contracts_schema.events.escrow import PayoutAccountReady


def a_consumer(seen: list[str]) -> Consumers:
    consumers = Consumers("notifier")

    async def note(transaction: Transaction, event: PayoutAccountReady) -> None:
        seen.append(event.user_id)
        transaction.audit("seen", event.user_id)

    consumers.events(QUEUE, note)
    return consumers


async def stage(db, count: int = 1) -> None:
    async with db.transaction() as transaction:
        for _ in range(count):
            transaction.stage(an_event())


async def applied(db, count: int) -> bool:
    """Whether so many messages had their effect; a handler that was cut off had none."""
    return await db.value("SELECT count(*) FROM audit_entries WHERE action = 'seen'") == count


UNSENT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@pytest.mark.fault("M5")
async def test_a_link_cut_while_a_confirm_is_pending_sends_again_and_applies_once(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []
    await stage(db)

    async with (
        standing_before(broker.url("escrow")) as proxy,
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        publisher = Publisher(proxy.url, "escrow")
        relay = Relay(db, publisher)
        await publisher.channel()
        proxy.swallow_replies = True
        pending = asyncio.ensure_future(relay.once())
        await until(lambda: seen)
        assert not pending.done()
        proxy.cut()
        with pytest.raises(BROKEN):
            await pending
        assert await db.value(UNSENT) == 1

        proxy.back()
        assert await relay.once() == 1
        await stage(db)
        await relay.once()
        await until(lambda: len(set(seen)) == 2)
        await publisher.close()

    assert len(seen) == 2
    assert await db.value("SELECT count(*) FROM inbox") == 2
    assert await db.value(UNSENT) == 0


@pytest.mark.fault("M1")
async def test_a_broker_that_goes_and_comes_gets_everything_that_waited(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []

    async with (
        standing_before(broker.url("escrow")) as proxy,
        relaying(db, proxy.url) as relay,
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        await stage(db, 5)
        await until(lambda: len(seen) == 5)
        proxy.away()
        await stage(db, 20)
        await until(lambda: not relay.healthy)
        assert len(seen) == 5
        proxy.back()
        await until(lambda: len(seen) == 25)

    assert len(set(seen)) == 25


@pytest.mark.fault("D1")
async def test_a_database_that_goes_and_comes_finds_the_relay_still_at_work(
    db, database_url, clock, broker_for
):
    broker, seen = broker_for("escrow", "notifier"), []

    async with (
        standing_before(database_url) as proxy,
        database.connect(proxy.url, clock, "escrow") as far,
        relaying(far, broker.url("escrow")) as relay,
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        await stage(db)
        await until(lambda: seen)
        proxy.away()
        await until(lambda: not relay.healthy)
        await stage(db)
        proxy.back()
        await until(lambda: len(seen) == 2)


@pytest.mark.fault("M2")
async def test_consumers_come_back_after_every_connection_was_closed(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []

    async with (
        relaying(db, broker.url("escrow")),
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        await stage(db, 3)
        await until(lambda: applied(db, 3))
        await asyncio.to_thread(close_all_connections, broker)
        await stage(db, 3)
        await until(lambda: applied(db, 6))

    assert len(set(seen)) == 6
    assert await applied(db, 6)


def close_all_connections(broker) -> None:
    """Until the broker itself says that there were some."""
    management = broker.management
    with management.client:
        closed: set[str] = set()
        for _ in range(200):
            found = [
                it for it in management.ask("GET", "/connections") if it["vhost"] == broker.vhost
            ]
            for name in {it["name"] for it in found} - closed:
                management.ask("DELETE", f"/connections/{quote(name, safe='')}")
                closed.add(name)
            if len(closed) >= 2:
                return
            time.sleep(0.1)
    raise AssertionError("the broker showed no connections")


@pytest.mark.fault("M5")
async def test_a_message_whose_retry_cannot_be_sent_stays_with_the_broker(db, broker_for):
    broker, tries = broker_for("escrow", "notifier"), []
    consumers = Consumers("notifier")

    async def fail_first(transaction: Transaction, event: PayoutAccountReady) -> None:
        tries.append(event.user_id)
        if len(tries) == 1:
            proxy.away()
            raise OSError("not now")

    consumers.events(QUEUE, fail_first)
    async with standing_before(broker.url("notifier")) as proxy:
        async with consuming(consumers, db, broker.url("notifier"), publish_by=proxy.url):
            await stage(db)
            async with relaying(db, broker.url("escrow")):
                await until(lambda: len(tries) == 2)

    assert await db.value("SELECT count(*) FROM inbox") == 1
