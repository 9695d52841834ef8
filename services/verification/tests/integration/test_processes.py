"""Verification as it runs, killed at its worst moments: each question is answered once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from chassis.messaging.publisher import Publisher
from chassis_builders import until
from contracts_schema.events.listings import ListingCreated
from contracts_schema.ids import new_id
from contracts_schema.money import Currency, Money
from verification_builders import GAME, SELLER
from verification_driver import SECRET, Others, a_person, with_roblox

LISTINGS = 5
VERIFIED, SNAPSHOT = "verification.asset_verified.v1", "verification.snapshot_taken.v1"


@asynccontextmanager
async def process(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service in a process of its own, which ends with the block."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "verification"), env=os.environ | environment
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
    return broker_for("verification", "listings", "notifier")


@pytest.fixture
def environment(database_url, broker, world, tmp_path) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_BROKER_URL": broker.url("verification"),
        "HOLDFAST_CURSOR_SECRET": "only-for-tests",
        "HOLDFAST_SERVICE_SECRET": SECRET,
        "HOLDFAST_ROBLOX_API_BASE": world.base + "/roblox/{host}",
        "HOLDFAST_CLOCK_FILE": str(tmp_path / "clock"),
        "HOLDFAST_PORT": str(port),
        "HOLDFAST_LOG_LEVEL": "CRITICAL",
    }


@pytest.fixture
async def others(db, broker) -> AsyncIterator[Others]:
    services = Publisher(broker.operator_url, "others")
    yield Others(db, services)
    await services.close()


async def told_of_listings(others) -> set[str]:
    """Somebody joins and lists; the ids of what was published."""
    seller = a_person()
    listed = [
        ListingCreated(
            listing_id=new_id("lst"),
            seller_id=seller.user_id,
            asset_id=str(GAME),
            title="Tower",
            price=Money(450_000, Currency.USD),
        )
        for _ in range(LISTINGS)
    ]
    return {await others.tell(event) for event in (*with_roblox(seller, SELLER), *listed)}


async def all_answered(others, sent: set[str]) -> None:
    """Wait until all was heard, everything is answered, and every answer has left."""
    await others.applied(*sent)
    left = "SELECT count(*) FILTER (WHERE published_at IS NOT NULL) FROM outbox"

    async def answered() -> bool:
        open_ = await others.db.value("SELECT count(*) FROM timers")
        return open_ == 0 and await others.db.value(left) == 2 * LISTINGS

    await until(answered)


async def arrived(broker) -> list[tuple[str, str]]:
    """Type and id of what verification told, doubles included, as notifier gets it."""
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("notifier.events", ensure=False)
        found = []
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            if str(message.type).startswith("verification."):
                found.append((str(message.type), str(message.message_id)))
        return found


@pytest.mark.parametrize(
    ("where", "twice"),
    [
        pytest.param("relay.after_claim", False, marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm", True, marks=pytest.mark.fault("P2")),
        pytest.param(
            "consumer.before_ack.verification.listings:3", False, marks=pytest.mark.fault("P3")
        ),
        pytest.param(
            "consumer.before_commit.verification.listings:3", False, marks=pytest.mark.fault("P4")
        ),
        pytest.param("timers.before_done.verification.answer", False, id="answered, not yet done"),
    ],
)
async def test_a_kill_at_the_worst_moment_loses_and_doubles_no_answer(
    others, db, broker, environment, tmp_path, where, twice
):
    sent = await told_of_listings(others)

    async with process(environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(20):
            assert await first.wait() == -signal.SIGKILL
    (tmp_path / "clock").write_text("61")  # whoever died holds no lease any more
    async with process(environment):
        await all_answered(others, sent)

    came = await arrived(broker)
    assert Counter(kind for kind, _ in set(came)) == {VERIFIED: LISTINGS, SNAPSHOT: LISTINGS}
    if twice:  # elsewhere it may happen as well, when a relay was under way at that moment
        assert len(came) > len(set(came))
    assert (
        await db.value("SELECT count(*) FROM verifications WHERE status = 'VERIFIED'") == LISTINGS
    )
    assert await db.value("SELECT count(*) FROM snapshots") == LISTINGS
