"""The buyer's money: exact, too little, too much, late, declined, twice, announced or not."""

from __future__ import annotations

import asyncio

import pytest
from chassis.cause import Cause
from escrow.domain import errors
from escrow.handlers import checkout, outcome
from escrow.ports import About, ChargebackSeen
from escrow_builders import (
    BUYER,
    DAY,
    FEE,
    HOUR,
    NET,
    PRICE,
    SELLER,
    House,
    person,
    some_terms,
    usd,
)


async def test_the_exact_amount_is_held(house: House):
    escrow_id = await house.open()

    await house.pay(escrow_id)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.surplus) == ("FUNDS_HELD", usd(PRICE), usd(0))
    [held] = await house.told("funds_held")
    assert held["kind"] == "GAME_OWNERSHIP"
    assert held["held"] == {"minor": PRICE, "currency": "USD"}
    await house.proven()


@pytest.mark.fault("C1")
async def test_too_little_is_not_held_and_the_rest_is_asked_for_to_the_cent(house: House):
    escrow_id = await house.open()

    await house.pay(escrow_id, PRICE - 1)
    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.remainder, escrow.held) == ("AWAIT_FUNDS", usd(1), usd(0))
    await house.proven()
    assert (await house.told("payment_requested"))[-1]["amount"]["minor"] == 1
    await house.pay(escrow_id)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.surplus) == ("FUNDS_HELD", usd(PRICE), usd(0))
    await house.proven()


async def test_what_was_paid_in_parts_is_paid_out_of_both_parts(house: House):
    released, refunded = await house.open(some_terms("a")), await house.open(some_terms("b"))
    await house.onboarded()
    for escrow_id in (released, refunded):
        await house.pay(escrow_id, 100_000)
        await house.pay(escrow_id)
    await house.deliver(released)

    await house.confirm(released)
    await house.refund(refunded)
    await house.due()

    assert [one.amount.minor for one in await house.payouts(released)] == [100_000, NET - 100_000]
    assert house.rail.moved(released) == (PRICE, NET, 0)
    assert house.rail.moved(refunded) == (PRICE, 0, PRICE)
    await house.proven()


async def test_a_part_goes_back_when_the_rest_never_comes(house: House):
    escrow_id = await house.open()
    await house.pay(escrow_id, 100_000)

    await house.pass_time(72 * HOUR)

    assert (await house.escrow(escrow_id)).state == "CANCELLED"
    assert house.rail.moved(escrow_id) == (100_000, 0, 100_000)
    assert (await house.told("refunded"))[-1]["reason_code"] == "cancelled"
    await house.proven()


@pytest.mark.fault("C2")
async def test_too_much_is_held_as_agreed_and_the_rest_goes_back_on_request(house: House):
    escrow_id = await house.open()
    await house.pay(escrow_id, PRICE + 777)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.surplus) == ("FUNDS_HELD", usd(PRICE), usd(777))
    await house.proven()
    with pytest.raises(errors.WrongParty):
        await _return_surplus(house, escrow_id, SELLER)
    await _return_surplus(house, escrow_id, BUYER)
    await house.due()

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.surplus) == ("FUNDS_HELD", usd(0))
    assert house.rail.moved(escrow_id) == (PRICE + 777, 0, 777)
    assert "refunded" not in await house.names()
    with pytest.raises(errors.NoSurplus):
        await _return_surplus(house, escrow_id, BUYER)
    await house.proven()


async def _return_surplus(house: House, escrow_id: str, who: str) -> None:
    await house.database.run(lambda tx: outcome.return_surplus(tx, person(who), escrow_id))


async def test_money_that_comes_after_the_end_is_refunded_by_itself(house: House):
    escrow_id = await house.open()
    reference = await house.reference(escrow_id)
    payment = house.rail.pay(reference)
    await house.cancel(escrow_id)

    await house.tell(About.PAYMENT, payment)

    assert (await house.escrow(escrow_id)).state == "CANCELLED"
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    assert (await house.names())[-2:] == ["refund_started", "refunded"]
    await house.proven()


async def test_money_of_another_currency_is_never_credited(house: House):
    escrow_id = await house.open()
    payment = house.rail.pay(await house.reference(escrow_id), currency="EUR")

    await house.tell(About.PAYMENT, payment)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.frozen) == ("AWAIT_FUNDS", "wrong_currency")
    assert escrow.amounts.received == 0
    await house.proven()


async def test_a_fee_in_the_currency_the_provider_settles_in_is_noted_and_not_booked(
    house: House,
):
    escrow_id = await house.open()
    await house.onboarded()
    reference = await house.reference(escrow_id)
    payment = house.rail.pay(reference)
    house.rail.settle_in(reference, "EUR")

    for _ in range(3):
        await house.tell(About.PAYMENT, payment)
    looks = house.rail.calls["look_up_payment"]
    await house.pass_time(DAY)

    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    assert house.rail.calls["look_up_payment"] == looks
    [noted] = await house.database.rows("SELECT received, provider_fee, foreign_fee FROM payments")
    assert tuple(noted) == (PRICE, None, "30 EUR")
    audited = "SELECT count(*) FROM audit_entries WHERE action = 'payment.foreign_fee'"
    assert await house.database.value(audited) == 1
    await house.deliver(escrow_id)
    await house.confirm(escrow_id)
    await house.due()
    report = await house.proven()
    totals = {one.kind: one.minor for one in report.balances}
    assert (totals["rail"], totals["fee_income"], "provider_fees" in totals) == (FEE, FEE, False)


async def test_a_declined_card_is_told_once_and_the_buyer_may_try_again(house: House):
    escrow_id = await house.open()
    reference = await house.reference(escrow_id)

    house.rail.decline(reference)
    for _ in range(3):
        await house.tell(About.PAYMENT, f"pi_{reference}")
    house.rail.decline(reference, 2)
    await house.tell(About.PAYMENT, f"pi_{reference}")
    await house.pay(escrow_id)

    failed = await house.told("payment_failed")
    assert [one["reason_code"] for one in failed] == ["insufficient_funds"] * 2
    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"


@pytest.mark.fault("W1")
async def test_one_event_ten_times_at_once_has_one_effect(house: House):
    escrow_id = await house.open()
    payment = house.rail.pay(await house.reference(escrow_id))

    same = [house.keep(About.PAYMENT, payment, "evt_same") for _ in range(10)]
    other = [house.keep(About.PAYMENT, payment) for _ in range(10)]
    await asyncio.gather(*same, *other)
    await asyncio.gather(*(house.due() for _ in range(4)))

    assert (await house.names()).count("funds_held") == 1
    assert await house.database.value("SELECT count(*) FROM webhooks") == 11
    assert (await house.escrow(escrow_id)).amounts.received == PRICE
    await house.proven()


async def test_objects_that_are_not_ours_change_nothing(house: House):
    await house.open()
    house.rail.chargebacks["dp_x"] = ChargebackSeen(
        "dp_x", "ch_x", usd(1), usd(0), taken=True, reason="fraudulent"
    )

    for about, subject in (
        (About.PAYMENT, "pi_unknown"),
        (About.REFUNDS, "ch_unknown"),
        (About.ACCOUNT, "acct_unknown"),
        (About.CHARGEBACK, "dp_x"),
    ):
        await house.tell(about, subject)

    outcomes = await house.database.rows("SELECT DISTINCT outcome FROM webhooks")
    assert {row["outcome"] for row in outcomes} <= {"not ours", "not ready"}
    assert (await house.names()) == ["opened", "payment_requested"]


@pytest.mark.fault("X8")
async def test_a_chargeback_after_the_end_books_a_debt_and_changes_no_state(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()

    await house.charge_back(escrow_id)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.amounts.debt) == ("RELEASED", -PRICE)
    report = await house.proven()
    totals = {one.kind: one.minor for one in report.balances}
    assert (totals["receivable"], totals["fee_income"]) == (PRICE, FEE)
    await house.charge_back(escrow_id, taken=False)
    assert (await house.escrow(escrow_id)).amounts.debt == 0
    await house.proven()


async def test_a_chargeback_of_held_money_takes_it_and_nothing_can_be_given_twice(house: House):
    escrow_id = await house.delivered()

    await house.charge_back(escrow_id)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.frozen) == ("DELIVERED", usd(0), "chargeback")
    for act in (house.confirm, house.refund):
        with pytest.raises(errors.FundsMissing):
            await act(escrow_id)
    await house.pass_time(30 * DAY)
    assert (await house.escrow(escrow_id)).state == "DELIVERED"
    await house.proven()


async def test_a_chargeback_holds_back_a_release_that_was_not_sent(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)

    await house.charge_back(escrow_id)
    await house.pass_time(HOUR)
    assert house.rail.moved(escrow_id) == (PRICE, 0, 0)
    await house.charge_back(escrow_id, taken=False)
    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    await house.proven()


async def test_asking_again_gives_the_same_page_and_a_new_one_when_it_has_expired(house: House):
    escrow_id = await house.open()

    first = await _page(house, escrow_id)
    again = await asyncio.gather(*(_page(house, escrow_id) for _ in range(5)))
    house.rail.expire(await house.reference(escrow_id))
    fresh = await _page(house, escrow_id)

    assert set(again) == {first}
    assert fresh != first
    assert house.rail.pages[await house.reference(escrow_id)].amount == usd(PRICE)
    assert (await house.names()).count("payment_requested") == 1
    await house.pay(escrow_id)
    with pytest.raises(errors.NothingToPay, match="FUNDS_HELD"):
        await _page(house, escrow_id)


async def test_a_page_whose_making_was_in_doubt_is_the_one_that_is_shown(house: House):
    house.rail.fail("open", "after")
    await house.open()
    assert await house.names() == ["opened"]

    await house.pass_time(HOUR / 1800)

    assert len(house.rail.pages) == 1
    assert await house.names() == ["opened", "payment_requested"]


async def _page(house: House, escrow_id: str) -> str:
    return await checkout.payment_url(
        house.database, house.rails, person(BUYER), escrow_id, Cause()
    )
