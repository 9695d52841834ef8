"""What is frozen waits, and goes on when what froze it is over, with the time that was left."""

from __future__ import annotations

import pytest
from escrow_builders import (
    DAY,
    HOUR,
    NET,
    PRICE,
    House,
    lost,
)


@pytest.mark.parametrize(("waited", "left"), [(2 * DAY, 5 * DAY), (6 * DAY + 23 * HOUR, DAY)])
async def test_a_won_chargeback_gives_the_inspection_what_was_left_of_it_and_a_day_at_least(
    house: House, waited, left
):
    escrow_id = await house.delivered()
    await house.pass_time(waited)
    await house.charge_back(escrow_id)
    await house.pass_time(30 * DAY)
    reminded = len(await house.told("deadline_near"))

    await house.charge_back(escrow_id, taken=False)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.frozen, escrow.frozen_since) == ("DELIVERED", "", None)
    assert escrow.deadline == house.clock.now() + left
    [told] = await house.told("unfrozen")
    assert (told["reason_code"], told["window"]) == ("chargeback_won", "inspection")
    assert told["deadline"] == escrow.deadline.isoformat().replace("+00:00", "Z")
    await house.pass_time(left - HOUR)
    assert (await house.escrow(escrow_id)).state == "DELIVERED"
    assert len(await house.told("deadline_near")) > reminded
    await house.pass_time(HOUR)
    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    await house.proven()


async def test_a_won_chargeback_before_the_delivery_lets_the_delivery_window_go_on(house: House):
    escrow_id = await house.funded()
    await house.pass_time(6 * DAY)
    await house.charge_back(escrow_id)
    await house.pass_time(10 * DAY)
    await house.charge_back(escrow_id, taken=False)

    await house.pass_time(DAY - HOUR)
    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    await house.pass_time(HOUR)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.end_reason) == ("REFUNDED", "not_delivered_in_time")
    await house.proven()


@pytest.mark.parametrize("first", ["chargeback", "loss"])
async def test_a_won_chargeback_lifts_no_other_freeze(house: House, first: str):
    escrow_id = await house.delivered()
    if first == "loss":
        await lost(house, escrow_id)
    await house.charge_back(escrow_id)
    await lost(house, escrow_id)

    await house.charge_back(escrow_id, taken=False)
    await house.pass_time(30 * DAY)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.freezes) == ("DELIVERED", ("ownership_lost",))
    assert sorted(one["reason_code"] for one in await house.told("frozen")) == [
        "chargeback",
        "ownership_lost",
    ]
    assert await house.told("unfrozen") == []


async def test_of_two_chargebacks_the_second_win_lifts_the_freeze(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id, 100_000)
    await house.pay(escrow_id)
    parts = (100_000, PRICE - 100_000)
    for number, part in enumerate(parts):
        await house.charge_back(escrow_id, part, charge=number)

    await house.charge_back(escrow_id, parts[0], False, charge=0)
    assert (await house.escrow(escrow_id)).frozen == "chargeback"
    await house.charge_back(escrow_id, parts[1], False, charge=1)

    assert (await house.escrow(escrow_id)).frozen == ""
    assert (await house.escrow(escrow_id)).held.minor == PRICE
    assert (await house.names()).count("unfrozen") == 1
    await house.proven()


async def test_a_delivery_while_it_is_frozen_has_its_whole_window_afterwards(house: House):
    escrow_id = await house.funded()
    await house.charge_back(escrow_id)
    await house.pass_time(3 * DAY)
    await house.deliver(escrow_id)
    await house.pass_time(9 * DAY)

    await house.charge_back(escrow_id, taken=False)

    assert (await house.escrow(escrow_id)).deadline == house.clock.now() + 7 * DAY


async def test_after_the_end_a_won_chargeback_is_told_and_starts_no_window(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()
    await house.charge_back(escrow_id)

    await house.charge_back(escrow_id, taken=False)

    [told] = await house.told("unfrozen")
    assert (told["window"], told["deadline"]) == ("", None)
    waiting = await house.database.value("SELECT count(*) FROM timers WHERE kind LIKE '%expiry'")
    assert waiting == 0
