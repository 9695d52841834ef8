"""Who bears a chargeback: what is here, the seller who had it, or the platform."""

from __future__ import annotations

import pytest
from escrow.domain import errors
from escrow.handlers import outcome
from escrow.ports import About, RailRefused
from escrow_builders import BUYER, DAY, HOUR, NET, PRICE, House, person, usd


async def kinds(house: House) -> dict[str, int]:
    """What all accounts of each kind hold, in books that are right."""
    report = await house.proven()
    return {one.kind: one.minor for one in report.balances}


@pytest.mark.fault("X8")
async def test_a_chargeback_after_the_refund_is_the_platforms_loss_and_not_the_sellers_debt(
    house: House,
):
    escrow_id = await house.delivered()
    await house.refund(escrow_id)
    await house.due()

    await house.charge_back(escrow_id)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.amounts.debt, escrow.amounts.loss) == ("REFUNDED", 0, -PRICE)
    assert escrow.amounts.refunded == PRICE
    totals = await kinds(house)
    assert (totals["chargeback_loss"], "receivable" in totals) == (PRICE, False)
    await house.charge_back(escrow_id, taken=False)
    assert (await house.escrow(escrow_id)).amounts.loss == 0
    assert (await kinds(house))["chargeback_loss"] == 0


async def test_a_refund_that_did_not_get_through_waits_until_the_chargeback_is_won(house: House):
    escrow_id = await house.delivered()
    house.rail.fail("refund", RailRefused("charge_disputed", "The charge is disputed."))
    await house.refund(escrow_id)
    await house.due()
    await house.charge_back(escrow_id)

    await house.pass_time(DAY)
    assert (await house.escrow(escrow_id)).state == "REFUNDING"
    assert house.rail.moved(escrow_id) == (PRICE, 0, 0)
    await house.charge_back(escrow_id, taken=False)
    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "REFUNDED"
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    await house.proven()


async def test_a_chargeback_that_is_told_before_its_payment_is_booked_after_it(house: House):
    escrow_id = await house.open()
    reference = await house.reference(escrow_id)
    house.rail.pay(reference)

    await house.tell(About.CHARGEBACK, house.rail.charge_back(reference))

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.frozen) == ("FUNDS_HELD", usd(0), "chargeback")
    assert await house.database.value("SELECT outcome FROM webhooks") == "booked"
    await house.proven()


async def test_a_surplus_is_taken_before_anybody_owes_and_is_not_given_back_as_well(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id, PRICE + 777)

    await house.charge_back(escrow_id, PRICE + 777)

    escrow = await house.escrow(escrow_id)
    assert (escrow.held, escrow.surplus, escrow.amounts.debt) == (usd(0), usd(0), 0)
    with pytest.raises(errors.NoSurplus):
        await house.database.run(lambda tx: outcome.return_surplus(tx, person(BUYER), escrow_id))
    await house.proven()


async def test_a_surplus_goes_back_out_of_the_charge_that_the_bank_left_here(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id, 100_000)
    await house.pay(escrow_id, PRICE)
    await house.charge_back(escrow_id, 100_000, charge=0)

    await house.database.run(lambda tx: outcome.return_surplus(tx, person(BUYER), escrow_id))
    await house.due()

    [payout] = await house.payouts(escrow_id)
    second = await house.database.value("SELECT charge_id FROM payments WHERE attempt = 2")
    assert (payout.charge_id, payout.amount, payout.state) == (second, usd(100_000), "SUCCEEDED")
    await house.proven()


async def test_a_part_that_is_charged_back_before_the_rest_came_is_asked_for_again(house: House):
    escrow_id = await house.open()
    await house.pay(escrow_id, 100_000)

    await house.charge_back(escrow_id, 100_000)
    assert (await house.escrow(escrow_id)).remainder == usd(PRICE)
    await house.pass_time(72 * HOUR)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.surplus, escrow.amounts.debt) == ("CANCELLED", usd(0), 0)
    assert house.rail.moved(escrow_id) == (100_000, 0, 0)
    await house.proven()


async def test_parts_that_are_won_back_and_cover_the_price_are_held(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id, 100_000)
    await house.charge_back(escrow_id, 100_000)
    await house.pay(escrow_id)
    assert (await house.escrow(escrow_id)).state == "AWAIT_FUNDS"

    await house.charge_back(escrow_id, 100_000, taken=False)
    await house.due()

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.surplus) == ("FUNDS_HELD", usd(PRICE), usd(0))
    assert escrow.deadline == house.clock.now() + 7 * DAY
    assert (await house.names()).count("funds_held") == 1
    await house.deliver(escrow_id)
    await house.confirm(escrow_id)
    await house.due()
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    await house.proven()


@pytest.mark.parametrize("when", ["with the win", "after the win"])
async def test_a_fee_that_is_given_back_after_a_win_is_booked_once(house: House, when: str):
    escrow_id = await house.delivered()
    before = (await kinds(house))["provider_fees"]
    await house.charge_back(escrow_id)
    assert (await kinds(house))["provider_fees"] == before + 1_500

    if when == "after the win":
        await house.charge_back(escrow_id, taken=False)
        assert (await kinds(house))["provider_fees"] == before + 1_500
    for _ in range(3):
        await house.charge_back(escrow_id, taken=False, fee=0)

    assert (await kinds(house))["provider_fees"] == before
    moments = await house.database.rows("SELECT moment FROM ledger_transactions")
    assert [row["moment"] for row in moments].count("provider_fee_returned") == 1


async def test_a_fee_that_comes_later_or_again_is_booked_by_its_difference(house: House):
    escrow_id = await house.delivered()
    before = (await kinds(house))["provider_fees"]

    for fee in (0, 1_500, 3_000, 1_500, 3_000):
        await house.charge_back(escrow_id, fee=fee)
        assert (await kinds(house)).get("provider_fees", 0) == before + fee

    assert (await house.names()).count("frozen") == 1
