"""What was paid out comes back, whole or in part: it is owed again, once, and somebody is told."""

from __future__ import annotations

from escrow.domain.payout import PayoutState
from escrow.ports import About
from escrow_builders import HOUR, NET, PRICE, House


async def test_a_refund_that_the_bank_sends_back_is_owed_again_and_told(house: House):
    escrow_id = await house.funded()
    await house.refund(escrow_id)
    await house.due()
    [refund] = house.rail.payouts
    house.rail.send_back(refund)

    await house.tell(About.RETURNED, refund)
    await house.pass_time(3 * HOUR)

    [payout] = await house.payouts(escrow_id)
    assert ((await house.escrow(escrow_id)).state, payout.state) == ("REFUNDED", "FAILED")
    assert [one["alert"] for one in await house.told("payout_failed")] == [True]
    assert house.rail.calls["refund"] == 1
    report = await house.proven()
    assert {one.kind: one.minor for one in report.balances}["payable:buyer"] == PRICE


async def test_parts_of_a_transfer_that_are_reversed_are_owed_again_each_once(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()
    [transfer] = house.rail.payouts

    for minor in (1_000, 16_500, 0):
        house.rail.send_back(transfer, minor)
        for _ in range(2):
            await house.tell(About.RETURNED, transfer)
        [payout] = await house.payouts(escrow_id)
        report = await house.proven()
        owed = {one.kind: one.minor for one in report.balances}["payable:seller"]
        assert owed == NET - house.rail.paid_out[escrow_id]
        assert payout.returned.minor == (owed if minor else 0)

    assert payout.state is PayoutState.FAILED
    told = await house.told("payout_failed")
    assert [one["reason_code"] for one in told] == ["partly_returned"] * 2 + ["returned"]
    assert all(one["alert"] for one in told)


async def test_a_transfer_that_was_reversed_in_part_before_it_was_recorded_is_booked_as_both(
    house: House,
):
    escrow_id = await house.delivered()
    house.rail.fail("pay_out", "after")  # the provider's answer is lost
    await house.confirm(escrow_id)
    await house.due()
    [transfer] = house.rail.payouts
    house.rail.send_back(transfer, 500)

    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    [payout] = await house.payouts(escrow_id)
    assert (payout.state, payout.returned.minor) == (PayoutState.SUCCEEDED, 500)
    report = await house.proven()
    assert {one.kind: one.minor for one in report.balances}["payable:seller"] == 500
