"""From a commit at the publisher to a commit at the consumer, over a real broker."""

import asyncio
import json
from uuid import UUID

import aio_pika
import pytest
from chassis.messaging.consumers import Consumers, Poison
from chassis.messaging.publisher import Publisher, Unroutable
from chassis.messaging.relay import Relay
from chassis.storage.database import Transaction
from chassis_builders import QUEUE, an_event, consuming, is_empty, parked, relaying, until
from contracts_schema.events.escrow import PayoutAccountReady
from yarl import URL


def a_consumer(seen: list[str], fail: list[Exception] | None = None) -> Consumers:
    consumers = Consumers("notifier")

    async def note(transaction: Transaction, event: PayoutAccountReady) -> None:
        if fail:
            raise fail.pop()
        seen.append(event.user_id)
        transaction.audit("seen", event.user_id)

    consumers.events(QUEUE, note)
    return consumers


async def publish_raw(broker, body: bytes, **properties) -> None:
    connection = await aio_pika.connect(broker.url("escrow"))
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("holdfast.events", ensure=False)
        topic = properties.pop("topic", "escrow.payout_account_ready.v1")
        properties = {"user_id": "escrow"} | properties
        await exchange.publish(aio_pika.Message(body, **properties), topic)


async def test_what_is_staged_is_applied_by_the_consumer(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []
    event = an_event()

    async with (
        relaying(db, broker.url("escrow")),
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        async with db.transaction() as transaction:
            transaction.stage(event, sequence=3)
        await until(lambda: seen)

    assert seen == [event.user_id]
    assert await db.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    assert await db.value("SELECT count(*) FROM inbox") == 1


@pytest.mark.invariant("V14")
async def test_a_rolled_back_transaction_publishes_nothing(db):
    async def change_my_mind(transaction: Transaction) -> None:
        transaction.stage(an_event())
        transaction.audit("tried", "usr_x")
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await db.run(change_my_mind)

    assert await db.value("SELECT count(*) FROM outbox") == 0
    assert await db.value("SELECT count(*) FROM audit_entries") == 0


@pytest.mark.invariant("V13")
@pytest.mark.fault("M11")
async def test_ten_copies_of_a_message_are_applied_once(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []
    event = an_event()
    async with db.transaction() as transaction:
        transaction.stage(event)

    async with consuming(a_consumer(seen), db, broker.url("notifier")):
        publisher = Publisher(broker.url("escrow"), "escrow")
        relay = Relay(db, publisher)
        for _ in range(10):
            await relay.once()
            await db.pool.execute("UPDATE outbox SET published_at = NULL")
        await until(lambda: seen)
        await until(lambda: is_empty(broker))
        await publisher.close()

    assert seen == [event.user_id]


async def test_what_fails_for_now_is_tried_again_after_a_second(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []
    consumers = a_consumer(seen, [OSError("the network is away")])

    async with (
        relaying(db, broker.url("escrow")),
        consuming(consumers, db, broker.url("notifier")),
    ):
        async with db.transaction() as transaction:
            transaction.stage(an_event())
        await until(lambda: seen)

    assert len(seen) == 1


@pytest.mark.invariant("V12")
@pytest.mark.fault("M10")
async def test_what_fails_after_its_last_attempt_is_parked_with_its_error(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []
    consumers = a_consumer(seen, [OSError("still away")])

    async with consuming(consumers, db, broker.url("notifier")):
        await publish_raw(
            broker,
            an_event().model_dump_json().encode(),
            headers={"x-attempt": 6},
            message_id="0190f0c0-0000-7000-8000-000000000001",
            type=PayoutAccountReady.topic,
        )
        [message] = await parked(broker)

    assert "still away" in message.headers["x-error"]
    assert seen == []


@pytest.mark.fault("M9")
@pytest.mark.parametrize(
    ("body", "message_id", "told"),
    [
        (b"{no json", "0190f0c0-0000-7000-8000-000000000002", "no JSON"),
        (b"[]", "0190f0c0-0000-7000-8000-000000000003", "no JSON object"),
        (b'{"user_id": 5}', "0190f0c0-0000-7000-8000-000000000004", "user_id"),
        (b"{}", "not-a-uuid", "no UUID"),
        (b'"' + b"x" * 300_000 + b'"', "0190f0c0-0000-7000-8000-000000000005", "bytes"),
    ],
)
async def test_poison_is_parked_at_once_and_its_neighbours_pass(
    db, broker_for, body, message_id, told
):
    broker, seen = broker_for("escrow", "notifier"), []
    good = an_event()

    async with (
        relaying(db, broker.url("escrow")),
        consuming(a_consumer(seen), db, broker.url("notifier")),
    ):
        await publish_raw(broker, body, message_id=message_id, type=PayoutAccountReady.topic)
        async with db.transaction() as transaction:
            transaction.stage(good)
        await until(lambda: seen)
        [message] = await parked(broker)

    assert told in message.headers["x-error"]
    assert message.body == body
    assert seen == [good.user_id]


async def test_a_handler_that_says_poison_parks_at_once(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []

    async with (
        relaying(db, broker.url("escrow")),
        consuming(a_consumer(seen, [Poison("never")]), db, broker.url("notifier")),
    ):
        async with db.transaction() as transaction:
            transaction.stage(an_event())
        [message] = await parked(broker)

    assert message.headers["x-error"] == "Poison: never"
    assert await db.value("SELECT count(*) FROM inbox") == 0


async def test_an_event_of_a_newer_version_is_left_alone(db, broker_for):
    broker, seen = broker_for("escrow", "notifier"), []

    async with consuming(a_consumer(seen), db, broker.url("notifier")):
        await publish_raw(
            broker,
            b"{}",
            topic="escrow.payout_account_ready.v2",
            message_id="0190f0c0-0000-7000-8000-000000000006",
            type="escrow.payout_account_ready.v2",
        )
        await until(lambda: is_empty(broker))

    assert seen == []


@pytest.mark.fault("M7")
async def test_an_unroutable_command_stays_unsent_and_is_told(db, broker_for):
    broker = broker_for("discord-gateway")
    publisher = Publisher(broker.url("discord-gateway"), "discord-gateway")
    await _stage_command(db)

    with pytest.raises(Unroutable, match=r"listings\.withdraw_offer"):
        await Relay(db, publisher).once()

    await publisher.close()
    assert await db.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1


async def _stage_command(db) -> None:
    from contracts_schema.commands.listings import WithdrawOffer
    from contracts_schema.ids import new_id, uuid7
    from contracts_schema.message import DiscordActor

    async with db.transaction() as transaction:
        transaction.stage_command(
            WithdrawOffer(offer_id=new_id("ofr")), DiscordActor(discord_user_id="1"), uuid7()
        )


@pytest.mark.fault("P9")
async def test_two_relays_share_the_rows_and_send_none_twice(db, broker_for):
    broker, received = broker_for("escrow", "notifier"), []
    for _ in range(5):
        async with db.transaction() as transaction:
            for _ in range(40):
                transaction.stage(an_event())

    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(QUEUE, ensure=False)

        async def note(message) -> None:
            received.append(message.message_id)

        await queue.consume(note, no_ack=True)
        async with relaying(db, broker.url("escrow")), relaying(db, broker.url("escrow")):
            await until(lambda: len(received) >= 200)

    assert len(received) == len(set(received)) == 200
    assert all(UUID(message_id) for message_id in received)


async def test_the_envelope_follows_cloud_events(db, broker_for):
    broker = broker_for("escrow", "notifier")
    event = an_event()
    async with relaying(db, broker.url("escrow")):
        async with db.transaction() as transaction:
            transaction.stage(event, sequence=7)
        connection = await aio_pika.connect(broker.operator_url)
        async with connection:
            channel = await connection.channel()
            queue = await channel.get_queue(QUEUE, ensure=False)
            message = None
            async with asyncio.timeout(10):
                while message is None:
                    message = await queue.get(fail=False, no_ack=True)

    assert message.headers["cloudEvents_id"] == message.message_id
    assert message.headers["cloudEvents_type"] == message.type == event.topic
    assert message.headers["cloudEvents_source"] == "/holdfast/escrow"
    assert message.headers["cloudEvents_subject"] == event.user_id
    assert message.headers["cloudEvents_sequence"] == 7
    assert message.headers["cloudEvents_correlationid"] == message.correlation_id
    schema = f"http://127.0.0.1:8080/schemas/{event.topic}.json"
    assert message.headers["cloudEvents_dataschema"] == schema
    assert all(name.startswith("cloudEvents_") for name in message.headers)
    assert message.delivery_mode is aio_pika.DeliveryMode.PERSISTENT
    assert message.user_id == URL(broker.url("escrow")).user
    assert json.loads(message.body) == {"user_id": event.user_id}
