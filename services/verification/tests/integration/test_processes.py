"""Verification as it runs, killed at its worst moments: each question is answered once."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from chassis_builders import EveryService, until
from chassis_service_process import arrived, environment_of, process
from contracts_schema.events.listings import ListingCreated
from contracts_schema.ids import new_id
from contracts_schema.money import Currency, Money
from verification_builders import GAME, SELLER
from verification_driver import CALLERS, Others, a_person, with_roblox

LISTINGS = 5
VERIFIED, SNAPSHOT = "verification.asset_verified.v1", "verification.snapshot_taken.v1"


@pytest.fixture
def broker(broker_for):
    return broker_for("verification", "listings", "notifier")


@pytest.fixture
def environment(database_url, broker, world, tmp_path) -> dict[str, str]:
    return environment_of(
        "verification",
        database_url,
        broker,
        service_callers=CALLERS,
        roblox_api_base=world.base + "/roblox/{host}",
        clock_file=str(tmp_path / "clock"),
        log_level="CRITICAL",
    )


@pytest.fixture
async def others(db, broker) -> AsyncIterator[Others]:
    services = EveryService(broker)
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
        open_ = await others.db.value("SELECT count(*) FROM timers WHERE subject_id <> 'audit'")
        return open_ == 0 and await others.db.value(left) == 2 * LISTINGS

    await until(answered)


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

    async with process("verification", environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(20):
            assert await first.wait() == -signal.SIGKILL
    (tmp_path / "clock").write_text("61")  # whoever died holds no lease any more
    async with process("verification", environment):
        await all_answered(others, sent)

    told = await arrived(broker, "notifier.events")
    came = [each for each in told if each[0].startswith("verification.")]
    assert Counter(kind for kind, _ in set(came)) == {VERIFIED: LISTINGS, SNAPSHOT: LISTINGS}
    if twice:  # elsewhere it may happen as well, when a relay was under way at that moment
        assert len(came) > len(set(came))
    assert (
        await db.value("SELECT count(*) FROM verifications WHERE status = 'VERIFIED'") == LISTINGS
    )
    assert await db.value("SELECT count(*) FROM snapshots") == LISTINGS
