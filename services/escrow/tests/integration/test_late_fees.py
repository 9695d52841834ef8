"""The provider's fee comes after the payment, in any order, twice, or untold."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from escrow.ports import About, PaymentStatus
from escrow_builders import DAY, FEE, HOUR, NET, PRICE, House, some_terms


@pytest.fixture
def house(house: House) -> House:
    """The provider says what it keeps only some time after it has the money."""
    house.rail.tells_fees_at_once = False
    return house


async def fees(house: House) -> int:
    """What the books say that the provider kept; they must be right."""
    report = await house.proven()
    return sum(one.minor for one in report.balances if one.kind == "provider_fees")


def known_fee(house: House, escrow_id: str) -> str:
    """The provider knows what it kept; the charge."""
    [reference] = house.rail.paid(escrow_id)
    return str(house.rail.tell_fee(reference))


async def looks(house: House) -> int:
    return int(house.rail.calls["look_up_payment"])


async def test_a_fee_that_is_not_known_is_not_booked_and_holds_nothing_up(house: House):
    escrow_id = await house.delivered()

    await house.confirm(escrow_id)
    await house.due()

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    assert await fees(house) == 0
    assert await house.database.value("SELECT provider_fee FROM payments") is None


async def test_a_fee_is_booked_when_the_charge_is_told_of(house: House):
    escrow_id = await house.funded()
    before = await house.escrow(escrow_id)
    charge = known_fee(house, escrow_id)

    await house.tell(About.CHARGE, charge)

    assert await fees(house) == FEE
    after = await house.escrow(escrow_id)
    assert (after.state, after.version, after.amounts) == (
        before.state,
        before.version,
        before.amounts,
    )


async def test_a_fee_is_booked_once_however_often_it_is_told(house: House):
    escrow_id = await house.funded()
    charge = known_fee(house, escrow_id)

    for event_id in ("evt_1", "evt_1", "evt_2"):
        await house.tell(About.CHARGE, charge, event_id)
    asked = await looks(house)
    await house.pass_time(DAY)

    assert await fees(house) == FEE
    assert await looks(house) == asked


async def test_a_fee_that_nobody_tells_is_asked_for_until_it_is_known(house: House):
    escrow_id = await house.funded()
    await house.pass_time(HOUR / 6)
    assert await fees(house) == 0
    known_fee(house, escrow_id)

    await house.pass_time(HOUR / 6)

    assert await fees(house) == FEE
    asked = await looks(house)
    await house.pass_time(DAY)
    assert await looks(house) == asked


async def test_the_fee_of_money_that_came_after_the_end_is_asked_for_too(house: House):
    """The page was closed long ago, so nobody was watching the payment any more."""
    escrow_id = await house.open()
    reference = await house.reference(escrow_id)
    await house.cancel(escrow_id)
    await house.pass_time(HOUR)
    shown = house.rail.seen[reference]
    house.rail.seen[reference] = replace(shown, status=PaymentStatus.OPEN)
    payment = house.rail.pay(reference)
    await house.tell(About.PAYMENT, payment)
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    house.rail.tell_fee(reference)

    await house.pass_time(HOUR / 6)

    assert await fees(house) == FEE


async def test_the_fee_of_a_released_deal_is_booked_and_its_end_stays(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()

    await house.tell(About.CHARGE, known_fee(house, escrow_id))

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert await fees(house) == FEE


async def test_any_order_of_payment_and_charge_ends_with_the_same_books(house: House):
    """The fee is known before the first event, between them, or after the last."""
    for number, (order, known) in enumerate(
        (order, known) for order in permutations(range(3)) for known in range(4)
    ):
        escrow_id = await house.open(some_terms(f"order {number}"))
        reference = await house.reference(escrow_id)
        payment = house.rail.pay(reference)
        charge = str(house.rail.seen[reference].charge_id)
        events = [(About.PAYMENT, payment), (About.CHARGE, charge), (About.CHARGE, charge)]
        for position, event in enumerate(order):
            if position == known:
                house.rail.tell_fee(reference)
            await house.tell(*events[event])
        house.rail.tell_fee(reference)
        await house.pass_time(HOUR / 6)
        assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
        assert await fees(house) == FEE * (number + 1)
