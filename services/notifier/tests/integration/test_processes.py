"""Notifier as it runs, killed at its worst moments: each card is promised and sent once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from chassis.messaging.publisher import Publisher
from chassis_builders import until
from chassis_doors import joined
from contracts_schema.events.escrow import FundsHeld
from notifier_builders import an_event
from notifier_driver import Others, a_person

DEALS = 6
CARDS = 2 + 2 * DEALS
"""Two welcomes wait for nobody's command and are not sent; two changes of tier and both sides of
each deal are."""


@asynccontextmanager
async def process(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service in a process of its own, which ends with the block."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifier"), env=os.environ | environment
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await started.wait()


@pytest.fixture
def broker(broker_for):
    return broker_for("notifier", "discord-gateway")


@pytest.fixture
def environment(database_url, broker) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_BROKER_URL": broker.url("notifier"),
        "HOLDFAST_CURSOR_SECRET": "only-for-tests",
        "HOLDFAST_PORT": str(port),
        "HOLDFAST_LOG_LEVEL": "ERROR",
    }


@pytest.fixture
async def others(db, broker) -> AsyncIterator[Others]:
    services = Publisher(broker.operator_url, "others")
    yield Others(db, services, services)
    await services.close()


async def told_of_deals(others) -> set[str]:
    """Two people join and trade; the ids of what was published."""
    buyer, seller = a_person(), a_person()
    events = [event for one in (buyer, seller) for event in joined(one)]
    parties = {"buyer_id": buyer.user_id, "seller_id": seller.user_id}
    events += [an_event(FundsHeld, **parties) for _ in range(DEALS)]
    return {await others.tell(event) for event in events}


async def all_told(others, sent: set[str]) -> None:
    """Wait until all was applied and everything promised has left."""
    await others.applied(*sent)
    unsent = "SELECT count(*) FROM outbox WHERE published_at IS NULL"

    async def left() -> bool:
        return await others.db.value(unsent) == 0

    await until(left)


async def arrived(broker) -> list[str]:
    """The ids of what came to discord-gateway, doubles included."""
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("discord-gateway.deliveries", ensure=False)
        found = []
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            found.append(str(message.message_id))
        return found


@pytest.mark.parametrize(
    ("where", "twice"),
    [
        pytest.param("relay.after_claim", False, marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm", True, marks=pytest.mark.fault("P2")),
        pytest.param("consumer.before_ack.notifier.events:5", False, marks=pytest.mark.fault("P3")),
        pytest.param(
            "consumer.before_commit.notifier.events:5", False, marks=pytest.mark.fault("P4")
        ),
    ],
)
async def test_a_kill_at_the_worst_moment_loses_and_doubles_no_card(
    others, db, broker, environment, where, twice
):
    sent = await told_of_deals(others)

    async with process(environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(20):
            assert await first.wait() == -signal.SIGKILL
    async with process(environment):
        await all_told(others, sent)

    promised = [str(row["message_id"]) for row in await db.rows("SELECT message_id FROM outbox")]
    came = await arrived(broker)
    assert len(promised) == CARDS
    assert set(came) == set(promised)
    if twice:  # elsewhere it may happen as well, when a relay was under way at that moment
        assert len(came) > len(promised)
    notified = await db.value("SELECT count(*) FROM notifications")
    assert notified == CARDS
