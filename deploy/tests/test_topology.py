"""The broker as topology.toml describes it, on a real RabbitMQ."""

import asyncio

import aio_pika
import pytest
from aio_pika.exceptions import DeliveryError
from aiormq.exceptions import ChannelAccessRefused
from holdfast import topology
from holdfast.broker import BrokerRefused
from holdfast.services import SERVICES
from holdfast.topology import BadTopology

WAIT_S = 60


@pytest.fixture
def broker(broker_for):
    return broker_for()


async def a_channel(url):
    connection = await aio_pika.connect(url)
    return connection, await connection.channel(publisher_confirms=True, on_return_raises=True)


async def publish(url, exchange, key, body=b"{}"):
    connection, channel = await a_channel(url)
    async with connection:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(body, delivery_mode=2), key, mandatory=True)


async def take(url, name):
    connection, channel = await a_channel(url)
    async with connection:
        queue = await channel.get_queue(name, ensure=False)
        async with asyncio.timeout(WAIT_S):
            while (message := await queue.get(fail=False)) is None:
                await asyncio.sleep(0.05)
        await message.ack()
        return message


def test_every_service_has_a_user_and_a_queue():
    whole = topology.read()

    assert {it.name for it in whole.services} == {it.name for it in SERVICES}
    assert {it.service for it in whole.queues} == {it.name for it in SERVICES}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            '[[queues]]\nname = "escrow.commands"\nexchange = "commands"\nbindings = ["x.#"]',
            "twice",
        ),
        (
            '[[queues]]\nname = "nobody.things"\nexchange = "events"\nbindings = ["x.#"]',
            "no service",
        ),
        (
            '[[queues]]\nname = "escrow.more"\nexchange = "other"\nbindings = ["x.#"]',
            "unknown exchange",
        ),
        ('[[queues]]\nname = "escrow.more"\nexchange = "events"\nbindings = []', "no binding"),
        (
            '[[queues]]\nname = "escrow.more"\nexchange = "commands"\nbindings = ["escrow.#"]',
            "2 queues",
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, line, complaint):
    file = tmp_path / "topology.toml"
    file.write_text(topology.FILE.read_text() + "\n" + line + "\n")

    with pytest.raises(BadTopology, match=complaint):
        topology.read(file)


def test_declaring_again_changes_nothing(broker):
    whole = topology.read()

    assert list(broker.management.differences(whole)) == []
    broker.management.declare(whole)
    assert list(broker.management.differences(whole)) == []


def test_a_queue_of_another_shape_is_named_not_replaced(broker):
    management = broker.management
    management.ask("DELETE", "/queues/{vhost}/escrow.commands")
    management.ask(
        "PUT",
        "/queues/{vhost}/escrow.commands",
        {"durable": True, "arguments": {"x-queue-type": "quorum"}},
    )

    with pytest.raises(BrokerRefused, match=r"escrow\.commands: arguments"):
        management.declare(topology.read())


def test_a_binding_nobody_asked_for_is_named(broker):
    management = broker.management
    place = "/bindings/{vhost}/e/holdfast.events/q/escrow.commands"
    management.ask("POST", place, {"routing_key": "stray.#", "arguments": {}})

    found = list(management.differences(topology.read()))

    assert any("too much" in it and "stray" in it for it in found)


async def test_a_queue_that_lost_a_binding_is_unbound_when_the_topology_is_declared(broker):
    management, stray = broker.management, {"routing_key": "stray.#", "arguments": {}}
    management.ask("PUT", "/queues/{vhost}/foreign", {"durable": True})
    for queue in ("escrow.commands", "foreign"):
        management.ask("POST", f"/bindings/{{vhost}}/e/holdfast.events/q/{queue}", stray)
    await publish(broker.operator_url, "holdfast.events", "stray.news", b"sent before")

    management.declare(topology.read())

    assert list(management.differences(topology.read())) == []
    kept = management.ask("GET", "/bindings/{vhost}/e/holdfast.events/q/foreign")
    assert [it["routing_key"] for it in kept] == ["stray.#"]
    assert (await take(broker.operator_url, "escrow.commands")).body == b"sent before"


async def test_a_service_publishes_its_own_events_only(broker):
    await publish(broker.url("escrow"), "holdfast.events", "escrow.funds_held.v1")

    with pytest.raises(ChannelAccessRefused):
        await publish(broker.url("listings"), "holdfast.events", "escrow.funds_held.v1")


async def test_commands_come_from_the_discord_gateway_only(broker):
    await publish(broker.url("discord-gateway"), "holdfast.commands", "escrow.confirm.v1")

    for service in ("escrow", "listings", "notifier"):
        with pytest.raises(ChannelAccessRefused):
            await publish(broker.url(service), "holdfast.commands", "escrow.confirm.v1")


async def test_only_the_notifier_tells_discord_what_to_show(broker):
    await publish(broker.url("notifier"), "holdfast.commands", "discord.deliver.v1")

    with pytest.raises(ChannelAccessRefused):
        await publish(broker.url("discord-gateway"), "holdfast.commands", "discord.deliver.v1")


async def test_what_waits_comes_back_to_its_own_queue(broker):
    await publish(broker.url("escrow"), "holdfast.wait.1s", "escrow.commands", b"again")

    message = await take(broker.url("escrow"), "escrow.commands")

    assert message.body == b"again"
    assert message.headers["x-death"][0]["queue"] == "holdfast.wait.1s"


async def test_what_is_rejected_is_parked(broker):
    await publish(broker.url("discord-gateway"), "holdfast.commands", "escrow.confirm.v1", b"bad")
    connection, channel = await a_channel(broker.url("escrow"))
    async with connection:
        queue = await channel.get_queue("escrow.commands", ensure=False)
        message = await queue.get(timeout=WAIT_S)
        await message.reject(requeue=False)

    parked = await take(broker.operator_url, "escrow.commands.parked")

    assert parked.body == b"bad"


@pytest.mark.fault("P10")
async def test_what_kills_its_consumer_again_and_again_is_parked(broker):
    await publish(
        broker.url("discord-gateway"), "holdfast.commands", "escrow.confirm.v1", b"killer"
    )
    for _ in range(topology.read().delivery_limit + 1):
        connection, channel = await a_channel(broker.url("escrow"))
        queue = await channel.get_queue("escrow.commands", ensure=False)
        if await queue.get(fail=False) is None:
            await asyncio.sleep(0.1)
        await connection.close()

    parked = await take(broker.operator_url, "escrow.commands.parked")

    assert parked.body == b"killer"


async def test_an_event_nobody_listens_to_is_kept(broker):
    await publish(
        broker.url("notifier"), "holdfast.events", "notifier.notification_sent.v1", b"news"
    )

    message = await take(broker.operator_url, "holdfast.unrouted")

    assert message.body == b"news"


async def test_a_command_nobody_takes_is_refused_to_the_sender(broker_for):
    broker = broker_for("discord-gateway")

    with pytest.raises(DeliveryError):
        await publish(broker.url("discord-gateway"), "holdfast.commands", "escrow.confirm.v1")
