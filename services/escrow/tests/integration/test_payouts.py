"""Money goes out once, whatever the provider does, and an end is written only on its proof."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from chassis.cause import Cause
from escrow.domain.errors import LedgerRed
from escrow.domain.payout import PayoutState
from escrow.handlers import ledger_check
from escrow.handlers.payout import order_of
from escrow.ports import RailRefused
from escrow_builders import HOUR, NET, PRICE, House
from holdfast.testbed import as_superuser

SECOND = timedelta(seconds=1)
REFUSED = RailRefused("balance_insufficient", "Insufficient funds.")


async def releasing(house: House, *faults: object) -> str:
    """An escrow whose release is decided, on a provider that will fail like this."""
    escrow_id = await house.delivered()
    house.rail.fail("pay_out", *faults)
    await house.confirm(escrow_id)
    await house.due()
    return escrow_id


async def settled(house: House, escrow_id: str) -> None:
    """What is retried has been retried; the money moved once and the books agree."""
    for _ in range(8):
        await house.pass_time(timedelta(minutes=11))
    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    assert len(house.rail.payouts) == 1
    assert (await house.names()).count("released") == 1
    await house.proven()


@pytest.mark.fault("S1")
async def test_a_payout_that_is_refused_is_tried_again_and_raises_an_alert_at_the_third(
    house: House,
):
    escrow_id = await releasing(house, *[REFUSED] * 5)

    for _ in range(3):
        await house.pass_time(timedelta(minutes=11))
    escrow = await house.escrow(escrow_id)
    [payout] = await house.payouts(escrow_id)

    assert (escrow.state, payout.state) == ("RELEASING", PayoutState.FAILED)
    assert [one["alert"] for one in await house.told("payout_failed")] == [False, False, True]
    await house.proven()
    await settled(house, escrow_id)


@pytest.mark.fault("S1")
async def test_a_restricted_account_delays_the_release_and_loses_nothing(house: House):
    escrow_id = await house.delivered()
    [account] = house.rail.accounts
    house.rail.onboard(account, ready=False)
    await house.confirm(escrow_id)
    await house.due()
    assert (await house.escrow(escrow_id)).state == "RELEASING"

    house.rail.onboard(account)

    await settled(house, escrow_id)


@pytest.mark.fault("S2")
async def test_a_payout_whose_reply_was_lost_is_found_and_not_made_again(house: House):
    escrow_id = await releasing(house, "after")
    [payout] = await house.payouts(escrow_id)
    assert payout.state is PayoutState.UNKNOWN

    await house.pass_time(2 * SECOND)

    assert house.rail.calls["pay_out"] == 1
    await settled(house, escrow_id)


@pytest.mark.invariant("V8")
@pytest.mark.fault("S2")
@pytest.mark.parametrize("act", ["confirm", "refund"])
async def test_a_call_that_arrives_after_it_was_made_again_is_the_same_payout(house: House, act):
    escrow_id = await house.delivered()
    house.rail.fail("pay_out" if act == "confirm" else "refund", "slow")
    await getattr(house, act)(escrow_id)
    await house.due()

    await house.pass_time(2 * SECOND)
    house.rail.arrive()
    await house.pass_time(HOUR)

    assert len(house.rail.payouts) == 1
    assert house.rail.moved(escrow_id) in ((PRICE, NET, 0), (PRICE, 0, PRICE))
    await house.proven()


@pytest.mark.fault("S3")
async def test_a_key_that_is_too_old_is_used_again_only_after_a_look(house: House):
    escrow_id = await releasing(house, "after")
    house.rail.answers.clear()

    await house.pass_time(25 * HOUR)

    assert house.rail.calls["pay_out"] == 1
    await settled(house, escrow_id)


@pytest.mark.fault("S3")
async def test_a_call_that_never_arrived_goes_out_under_a_new_key_after_a_day(house: House):
    escrow_id = await house.delivered()
    house.rail.fail("pay_out", "down")
    await house.confirm(escrow_id)
    await house.due()
    house.rail.answers.clear()

    await house.pass_time(25 * HOUR)

    [payout] = await house.payouts(escrow_id)
    assert payout.key.endswith(":2")
    await settled(house, escrow_id)


@pytest.mark.fault("D8")
@pytest.mark.parametrize(
    ("act", "moved"), [("confirm", (PRICE, NET, 0)), ("refund", (PRICE, 0, PRICE))]
)
async def test_what_went_out_before_the_database_was_restored_does_not_go_out_again(
    house: House, act: str, moved: tuple[int, int, int]
):
    escrow_id = await house.delivered()
    await getattr(house, act)(escrow_id)
    [ordered] = await house.payouts(escrow_id)
    account = await house.database.value("SELECT provider_id FROM payout_accounts")
    order = replace(order_of(ordered), destination=account if ordered.to_seller else None)

    await (house.rail.pay_out if ordered.to_seller else house.rail.refund)(order)
    house.rail.answers.clear()  # a day has passed: the provider has forgotten the key
    await house.pass_time(timedelta(days=1))

    assert house.rail.moved(escrow_id) == moved
    assert [one.state for one in await house.payouts(escrow_id)] == [PayoutState.SUCCEEDED]
    await house.proven()


@pytest.mark.fault("S4")
async def test_a_saved_500_is_left_behind_with_its_key(house: House):
    escrow_id = await releasing(house, "500")

    await house.pass_time(2 * SECOND)

    [payout] = await house.payouts(escrow_id)
    assert (payout.attempt, payout.state) == (2, PayoutState.SUCCEEDED)
    await settled(house, escrow_id)


@pytest.mark.fault("S5")
async def test_a_provider_that_is_away_delays_and_loses_nothing(house: House):
    escrow_id = await releasing(house, *["down"] * 6)

    assert (await house.escrow(escrow_id)).state == "RELEASING"
    assert await house.told("payout_failed") == []

    await settled(house, escrow_id)


async def test_what_is_not_what_was_ordered_proves_nothing(house: House):
    escrow_id = await releasing(house, "after")
    [(provider_id, seen)] = house.rail.payouts.items()
    house.rail.payouts[provider_id] = replace(seen, amount=seen.amount - seen.amount.share(1))

    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "RELEASING"
    assert house.rail.calls["pay_out"] == 1
    house.rail.payouts[provider_id] = seen
    await settled(house, escrow_id)


@pytest.mark.fault("P9")
async def test_workers_beside_each_other_pay_once(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)

    await asyncio.gather(*(house.due() for _ in range(6)))

    await settled(house, escrow_id)


@pytest.mark.fault("P8")
async def test_a_worker_that_slept_through_its_lease_changes_nothing(house: House):
    """The first worker stops after its call; another finishes; the first one goes on."""
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    goes_on, called = asyncio.Event(), asyncio.Event()
    look_up = house.rail.look_up_payout

    async def asleep(provider_id: str):
        house.rail.look_up_payout = look_up
        called.set()
        await goes_on.wait()
        return await look_up(provider_id)

    house.rail.look_up_payout = asleep
    first = asyncio.ensure_future(house.due())
    await called.wait()
    await house.pass_time(61 * SECOND)
    assert (await house.escrow(escrow_id)).state == "RELEASED"
    version = (await house.escrow(escrow_id)).version
    goes_on.set()
    await first

    assert (await house.escrow(escrow_id)).version == version
    assert house.rail.calls["pay_out"] == 1
    await settled(house, escrow_id)


async def test_a_red_ledger_stops_releases_and_not_refunds(
    house: House, database_url, postgres_url
):
    released = await house.delivered()
    await _spoil(database_url, postgres_url, "held = held - 1, received = received - 1")
    await ledger_check.run(house.database)
    await _spoil(database_url, postgres_url, "held = held + 1, received = received + 1")
    await house.confirm(released)
    await house.due()

    assert (await house.escrow(released)).state == "RELEASING"
    assert house.rail.moved(released) == (PRICE, 0, 0)
    with pytest.raises(LedgerRed):
        await house.database.run(ledger_check.resume, Cause(actor="admin"))
    await ledger_check.run(house.database)
    await house.database.run(ledger_check.resume, Cause(actor="admin"))
    await house.pass_time(HOUR)
    assert (await house.escrow(released)).state == "RELEASED"


async def test_a_refund_goes_out_while_releases_are_halted(house: House):
    escrow_id = await house.funded()
    await house.database.pool.execute(
        "INSERT INTO halts (name, reason, since) VALUES ('ledger', 'red', now())"
    )

    await house.refund(escrow_id)
    await house.due()

    assert (await house.escrow(escrow_id)).state == "REFUNDED"


async def _spoil(database_url: str, postgres_url: str, change: str) -> None:
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(f"UPDATE escrow.escrows SET {change}")
    await connection.close()
