"""The provider's events: applied once, in any order, and given up only after hours."""

from __future__ import annotations

from itertools import permutations

import pytest
from escrow.ports import About, ForeignMoney, RailMissing
from escrow_builders import (
    DAY,
    HOUR,
    NET,
    PRICE,
    House,
    some_terms,
    usd,
)


@pytest.mark.fault("W8")
async def test_a_payment_that_no_webhook_tells_of_is_found_within_ten_minutes(house: House):
    escrow_id = await house.open()
    house.rail.pay(await house.reference(escrow_id))

    await house.pass_time(HOUR / 6)

    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"


@pytest.mark.fault("W2")
async def test_any_order_of_five_events_ends_the_same(house: House):
    """Each of the 120 orders is a deal of its own, paid and refunded before the first event."""
    orders = list(permutations(range(5)))
    ends = set()
    for number, order in enumerate(orders):
        escrow_id = await house.open(some_terms(f"order {number}"))
        reference = await house.reference(escrow_id)
        payment = house.rail.pay(reference)
        charge = str(house.rail.seen[reference].charge_id)
        events = [
            (About.PAYMENT, reference),
            (About.PAYMENT, payment),
            (About.NOTHING, payment),
            (About.REFUNDS, charge),
            (About.PAYMENT, payment),
        ]
        for position in order:
            await house.tell(*events[position])
        escrow = await house.escrow(escrow_id)
        ends.add((escrow.state, escrow.version, escrow.amounts))

    assert len(orders) == 120
    assert len(ends) == 1
    assert (await house.names()).count("funds_held") == 120
    await house.proven()


@pytest.mark.fault("W7")
async def test_an_event_that_cannot_be_applied_three_times_is_applied_at_the_fourth(house: House):
    escrow_id = await house.open()
    payment = house.rail.pay(await house.reference(escrow_id))
    house.rail.fail("look_up_payment", "down", "down", "down")

    event_id = await house.tell(About.PAYMENT, payment)
    assert (await house.escrow(escrow_id)).state == "AWAIT_FUNDS"
    for seconds in (2, 6, 31):
        await house.pass_time(HOUR / 3600 * seconds)

    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    assert (await house.names()).count("funds_held") == 1
    assert await house.database.value("SELECT outcome FROM webhooks WHERE event_id = $1", event_id)


@pytest.mark.parametrize(
    ("about", "subject"),
    [(About.CHARGEBACK, "dp_gone"), (About.PAYOUT, "tr_gone"), (About.RETURNED, "re_gone")],
)
async def test_an_event_about_what_the_provider_never_has_is_given_up_after_hours(
    house: House, about: About, subject: str, caplog
):
    event_id = await house.tell(about, subject, kind="charge.dispute.created")
    outcome = "SELECT outcome FROM webhooks WHERE applied_at IS NOT NULL"
    for _ in range(5):
        await house.pass_time(HOUR)
        assert await house.database.value(outcome) is None

    await house.pass_time(HOUR + HOUR / 4)

    assert await house.database.value(outcome) == "gone"
    calls = house.rail.calls.total()
    await house.pass_time(DAY)
    assert house.rail.calls.total() == calls
    [audited] = await house.database.rows(
        "SELECT reason FROM audit_entries WHERE action = 'webhook.gone' AND subject_id = $1",
        event_id,
    )
    assert audited["reason"] == "charge.dispute.created"


async def test_one_not_found_does_not_end_a_chargeback(house: House):
    escrow_id = await house.delivered()
    house.rail.fail("look_up_chargeback", *[RailMissing("no such object")] * 3)

    with pytest.raises(RailMissing):
        await house.charge_back(escrow_id)
    for _ in range(3):
        await house.pass_time(HOUR / 5)

    escrow = await house.escrow(escrow_id)
    assert (escrow.frozen, escrow.held) == ("chargeback", usd(0))
    await house.proven()


async def test_an_event_about_money_that_was_never_credited_is_final(house: House):
    await house.delivered()
    house.rail.fail("look_up_chargeback", ForeignMoney("dp_1 is in EUR"))

    await house.tell(About.CHARGEBACK, "dp_1")
    await house.pass_time(DAY)

    assert house.rail.calls["look_up_chargeback"] == 1
    outcomes = await house.database.rows("SELECT outcome FROM webhooks WHERE about = 'chargeback'")
    assert [row["outcome"] for row in outcomes] == ["foreign"]


async def test_an_event_about_what_cannot_be_looked_up_now_is_not_given_up(house: House):
    escrow_id = await house.delivered()
    dispute = await house.charge_back(escrow_id, taken=False)
    house.rail.fail("look_up_chargeback", *["down"] * 6)

    event_id = await house.tell(About.CHARGEBACK, dispute)
    for _ in range(6):
        await house.pass_time(HOUR / 5)

    outcome = "SELECT outcome FROM webhooks WHERE event_id = $1"
    assert await house.database.value(outcome, event_id) == "known"


@pytest.mark.fault("M13")
@pytest.mark.fault("W3")
async def test_an_event_of_days_ago_changes_nothing(house: House):
    escrow_id = await house.funded()
    provider_id = await house.database.value("SELECT provider_id FROM payments")
    await house.refund(escrow_id)
    await house.due()
    before = await house.escrow(escrow_id)

    await house.pass_time(3 * DAY)
    await house.tell(About.PAYMENT, provider_id)

    assert await house.escrow(escrow_id) == before


@pytest.mark.fault("W9")
async def test_an_event_that_comes_before_our_own_call_is_answered_leaves_one_record(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    house.rail.fail("look_up_payout", "down")

    await house.due()
    [transfer] = house.rail.payouts
    await house.tell(About.PAYOUT, transfer)

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
