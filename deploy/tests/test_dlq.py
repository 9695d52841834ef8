"""Parked messages are looked at, sent again and dropped without loss."""

import asyncio
import json

import aio_pika
import pytest
from holdfast import topology
from holdfast.dlq import NoSuchQueue, ParkedQueue, counts
from yarl import URL

QUEUE = "escrow.commands"


@pytest.fixture
def broker(broker_for):
    return broker_for("escrow")


@pytest.fixture
async def parked(broker):
    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange("holdfast.parked", ensure=False)
        for name in ("one", "two", "three"):
            message = aio_pika.Message(
                json.dumps({"n": name}).encode(),
                message_id=name,
                type="escrow.confirm.v1",
                headers={"x-attempt": 5, "x-error": f"no {name}", "correlationid": "c1"},
                delivery_mode=2,
            )
            await exchange.publish(message, QUEUE)
    return ParkedQueue.of(broker.operator_url, QUEUE, broker.management)


async def ids(broker, name):
    connection = await aio_pika.connect(broker.operator_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(name)
        found = []
        while (message := await queue.get(fail=False)) is not None:
            found.append(message)
        return found


async def test_showing_names_the_error_and_leaves_all_in_place(parked):
    first = await parked.show(limit=2)
    again = await parked.show(limit=10)

    assert [(it.message_id, it.error, it.attempt) for it in first] == [
        ("one", "no one", "5"),
        ("two", "no two", "5"),
    ]
    assert {it.message_id for it in again} == {"one", "two", "three"}
    assert again[0].headers == {"correlationid": "c1"}
    assert again[0].body == '{"n": "one"}'


async def test_retrying_one_sends_it_afresh_and_keeps_the_others(parked, broker):
    sent = await parked.retry(lambda message_id: message_id == "two")

    (message,) = await ids(broker, QUEUE)
    assert sent == 1
    assert message.message_id == "two"
    assert message.type == "escrow.confirm.v1"
    assert message.headers.get("correlationid") == "c1"
    assert "x-attempt" not in message.headers
    assert "x-error" not in message.headers
    assert {it.message_id for it in await parked.show(10)} == {"one", "three"}


async def test_what_the_broker_moved_here_is_sent_again_with_who_published_it_first(broker):
    limit = topology.read().delivery_limit
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        user = URL(broker.operator_url).user
        exchange = await channel.get_exchange("holdfast.commands", ensure=False)
        confirm = aio_pika.Message(b"{}", message_id="one", type="any", user_id=user)
        await exchange.publish(confirm, "escrow.confirm.v1")
        queue = await channel.get_queue(QUEUE)
        for _ in range(limit + 1):
            async with asyncio.timeout(30):
                while (message := await queue.get(fail=False)) is None:
                    await asyncio.sleep(0.05)
            await message.nack(requeue=True)
    parked = ParkedQueue.of(broker.operator_url, QUEUE, broker.management)
    async with asyncio.timeout(30):
        while not await parked.retry(lambda _: True):
            await asyncio.sleep(0.05)

    (message,) = await ids(broker, QUEUE)
    assert message.user_id == user
    assert message.headers["x-author"] == user
    assert message.headers["x-published-as"] == "escrow.confirm.v1"


async def test_dropping_all_leaves_nothing(parked, broker):
    assert await parked.drop(lambda _: True) == 3

    assert await ids(broker, f"{QUEUE}.parked") == []
    assert await ids(broker, QUEUE) == []


async def test_an_unknown_queue_is_answered_with_the_known_ones(broker):
    with pytest.raises(NoSuchQueue, match=r"escrow\.proofs"):
        ParkedQueue.of(broker.operator_url, "escrow.nothing", broker.management)


@pytest.mark.invariant("V15")
def test_counting_lists_every_queue_that_parks(broker):
    assert [it.queue for it in counts(broker.management)] == [
        "escrow.commands",
        "escrow.executed_contracts",
        "escrow.principals",
        "escrow.proofs",
    ]
