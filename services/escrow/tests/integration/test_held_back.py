"""A payment that the buyer's bank took back holds the release back, however far that had come."""

from __future__ import annotations

import asyncio

import pytest
from escrow.domain.payout import PayoutState
from escrow.ports import RailRefused
from escrow_builders import HOUR, NET, PRICE, House

RESTRICTED = RailRefused("account_restricted", "The account cannot be paid.")


@pytest.mark.fault("X8")
@pytest.mark.parametrize("fault", [RESTRICTED, "500", "slow"], ids=["refused", "500", "no reply"])
async def test_a_release_that_did_not_get_through_stays_here_after_a_chargeback(
    house: House, fault: object
):
    escrow_id = await house.delivered()
    house.rail.fail("pay_out", fault)
    await house.confirm(escrow_id)
    await house.due()
    await house.charge_back(escrow_id)

    await house.pass_time(24 * HOUR)
    assert house.rail.moved(escrow_id) == (PRICE, 0, 0)
    assert (await house.escrow(escrow_id)).state == "RELEASING"
    await house.proven()
    await house.charge_back(escrow_id, taken=False)
    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    await house.proven()


@pytest.mark.parametrize("stop", ["chargeback", "halt"])
async def test_what_was_paid_already_is_found_and_recorded_though_nothing_more_goes_out(
    house: House, stop: str
):
    escrow_id = await house.delivered()
    house.rail.fail("pay_out", "after")
    await house.confirm(escrow_id)
    await house.due()
    if stop == "chargeback":
        await house.charge_back(escrow_id)
    else:
        await house.database.pool.execute(
            "INSERT INTO halts (name, reason, since) VALUES ('ledger', 'red', now())"
        )

    await house.pass_time(HOUR)

    [payout] = await house.payouts(escrow_id)
    assert (payout.state, house.rail.calls["pay_out"]) == (PayoutState.SUCCEEDED, 1)
    assert (await house.escrow(escrow_id)).state == "RELEASED"
    await house.proven()


@pytest.mark.fault("X8")
@pytest.mark.parametrize("stage", ["held", "paid out"])
async def test_a_chargeback_told_again_and_again_is_booked_once_each_way(house: House, stage: str):
    escrow_id = await house.delivered()
    if stage == "paid out":
        await house.confirm(escrow_id)
        await house.due()
    before = (await house.escrow(escrow_id)).amounts

    for taken in (True, False):
        await asyncio.gather(*(house.charge_back(escrow_id, taken=taken) for _ in range(4)))
        await house.due()

    rows = await house.database.rows(
        "SELECT moment, count(*) FROM ledger_transactions WHERE reference LIKE 'dp_%'"
        " GROUP BY moment"
    )
    assert {row["moment"]: row["count"] for row in rows} == {
        "chargeback": 1,
        "chargeback_won": 1,
        "provider_fee": 1,
    }
    assert (await house.escrow(escrow_id)).amounts == before
    assert (await house.names()).count("frozen") == 1
    await house.proven()
