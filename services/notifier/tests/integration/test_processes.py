"""Notifier as it runs, killed at its worst moments: each card is promised and sent once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from chassis_builders import EveryService, until
from chassis_client import joined
from chassis_service_process import arrived, environment_of, process
from contracts_schema.events.escrow import FundsHeld
from notifier_builders import an_event
from notifier_driver import Others, a_person

DEALS = 6
CARDS = 2 + 2 * DEALS
"""Two welcomes wait for nobody's command and are not sent; two changes of tier and both sides of
each deal are."""


@pytest.fixture
def broker(broker_for):
    return broker_for("notifier", "discord-gateway")


@pytest.fixture
def environment(database_url, broker) -> dict[str, str]:
    return environment_of("notifier", database_url, broker)


@pytest.fixture
async def others(db, broker) -> AsyncIterator[Others]:
    services = EveryService(broker)
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

    async with process("notifier", environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(20):
            assert await first.wait() == -signal.SIGKILL
    async with process("notifier", environment):
        await all_told(others, sent)

    promised = [str(row["message_id"]) for row in await db.rows("SELECT message_id FROM outbox")]
    came = [message_id for _, message_id in await arrived(broker, "discord-gateway.deliveries")]
    assert len(promised) == CARDS
    assert set(came) == set(promised)
    if twice:  # elsewhere it may happen as well, when a relay was under way at that moment
        assert len(came) > len(promised)
    notified = await db.value("SELECT count(*) FROM notifications")
    assert notified == CARDS
