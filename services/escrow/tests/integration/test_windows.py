"""What happens when somebody acts, and when nobody does: windows with a moved clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from chassis.messaging.consumers import Poison, TooEarly
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred
from contracts_schema.ids import derive_id
from contracts_schema.terms import Rail, TrancheTerms
from escrow.domain import errors
from escrow.handlers import delivery, escrow
from escrow.ports import About
from escrow_builders import (
    BUYER,
    DAY,
    HOUR,
    NET,
    NOON,
    PRICE,
    SELLER,
    STRANGER,
    House,
    executed,
    some_terms,
    usd,
)

MINUTE = timedelta(minutes=1)


def proof(house_escrow_id: str, kind: type = OwnershipTransferred) -> OwnershipTransferred:
    terms = some_terms()
    values = {
        "escrow_id": house_escrow_id,
        "deal_id": terms.deal_id,
        "asset_id": terms.asset_id,
        "seller_id": SELLER,
        "buyer_id": BUYER,
    }
    if kind is OwnershipLost:
        return kind(**values, seen_at=NOON)
    return kind(**values, proof_id=derive_id("ver", "proof"), proven_at=NOON)


async def test_nobody_pays_the_page_is_closed_first_and_the_deal_is_cancelled(house: House):
    escrow_id = await house.open()
    reference = await house.reference(escrow_id)

    await house.pass_time(72 * HOUR - MINUTE)
    assert (await house.escrow(escrow_id)).state == "AWAIT_FUNDS"
    await house.pass_time(2 * MINUTE)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.end_reason) == ("CANCELLED", "not_funded_in_time")
    assert house.rail.seen[reference].status == "closed"
    [cancelled] = await house.told("cancelled")
    assert cancelled["reason_code"] == "not_funded_in_time"
    await house.proven()


@pytest.mark.fault("X7")
async def test_a_payment_of_the_last_second_is_held_and_not_cancelled(house: House):
    escrow_id = await house.open()
    house.clock.advance(72 * HOUR)
    house.rail.pay(await house.reference(escrow_id))

    await house.due()

    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    assert "cancelled" not in await house.names()
    await house.proven()


async def test_nothing_is_cancelled_while_the_provider_cannot_say_whether_it_was_paid(
    house: House,
):
    escrow_id = await house.open()
    house.rail.fail("close_payment", "down", "down")

    await house.pass_time(72 * HOUR)
    assert (await house.escrow(escrow_id)).state == "AWAIT_FUNDS"
    await house.pass_time(timedelta(seconds=2))
    await house.pass_time(timedelta(seconds=6))

    assert (await house.escrow(escrow_id)).state == "CANCELLED"


async def test_nothing_is_delivered_and_the_buyer_has_the_money_back(house: House):
    escrow_id = await house.funded()

    await house.pass_time(7 * DAY)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.end_reason) == ("REFUNDED", "not_delivered_in_time")
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    [refunded] = await house.told("refunded")
    assert (refunded["amount"]["minor"], refunded["reason_code"]) == (
        PRICE,
        "not_delivered_in_time",
    )
    await house.proven()


async def test_nobody_objects_and_the_seller_has_the_money(house: House):
    escrow_id = await house.delivered()

    await house.pass_time(7 * DAY)

    assert (await house.escrow(escrow_id)).state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    [started] = await house.told("release_started")
    assert started["decided_by"] == "timer"


async def test_reminders_go_out_at_half_and_at_nine_tenths_of_each_window(house: House):
    escrow_id = await house.open()

    await house.pass_time(36 * HOUR)
    await house.pass_time(29 * HOUR)
    near = await house.told("deadline_near")
    assert [(one["window"], one["percent"]) for one in near] == [("funding", 50), ("funding", 90)]
    house.rail.fail("close_payment", "down")
    payment = house.rail.pay(await house.fresh_page(escrow_id))
    await house.tell(About.PAYMENT, payment)
    await house.pass_time(7 * DAY / 2)

    near = await house.told("deadline_near")
    assert (near[-1]["window"], near[-1]["percent"]) == ("delivery", 50)
    deadline = (await house.escrow(escrow_id)).deadline
    assert deadline is not None
    assert near[-1]["deadline"] == deadline.isoformat().replace("+00:00", "Z")


async def test_the_seller_gives_the_money_back_before_and_after_delivery(house: House):
    before = await house.funded(some_terms("before"))
    after = await house.delivered(some_terms("after"))

    for escrow_id in (before, after):
        await house.refund(escrow_id)
        await house.due()

        assert (await house.escrow(escrow_id)).state == "REFUNDED"
        assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    await house.proven()


@pytest.mark.parametrize("who", [BUYER, SELLER])
async def test_either_party_cancels_before_anything_is_paid(house: House, who: str):
    escrow_id = await house.open()

    await house.cancel(escrow_id, who)
    await house.due()

    assert (await house.escrow(escrow_id)).state == "CANCELLED"
    assert [one.status for one in house.rail.seen.values()] == ["closed"]


async def test_what_is_held_cannot_be_cancelled(house: House):
    escrow_id = await house.funded()

    with pytest.raises(errors.IllegalMove, match="Cannot cancel: this escrow is FUNDS_HELD"):
        await house.cancel(escrow_id)


async def test_only_who_may_acts_and_strangers_are_told_of_nothing(house: House):
    escrow_id = await house.funded()

    with pytest.raises(errors.WrongParty, match="deliver is for the seller, not for the buyer"):
        await house.deliver(escrow_id, BUYER)
    with pytest.raises(errors.NotAParty):
        await house.deliver(escrow_id, STRANGER)
    await house.deliver(escrow_id)
    with pytest.raises(errors.WrongParty):
        await house.confirm(escrow_id, SELLER)
    with pytest.raises(errors.WrongParty):
        await house.refund(escrow_id, BUYER)
    with pytest.raises(errors.NotAParty):
        await house.confirm("esc_" + "0" * 26)

    assert (await house.escrow(escrow_id)).state == "DELIVERED"


async def test_a_seller_who_cannot_be_paid_cannot_deliver_yet(house: House):
    escrow_id = await house.open()
    await house.pay(escrow_id)

    with pytest.raises(errors.PayoutAccountMissing):
        await house.deliver(escrow_id)
    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    await house.onboarded()

    assert (await house.deliver(escrow_id)).state == "DELIVERED"


async def test_a_proof_confirms_the_delivery_and_shortens_the_inspection(house: House):
    escrow_id = await house.delivered()

    await house.database.run(lambda tx: delivery.prove(tx, proof(escrow_id)))

    assert (await house.escrow(escrow_id)).deadline == NOON + DAY
    [confirmed] = await house.database.rows("SELECT state, confirmed_by, proof_id FROM deliveries")
    assert tuple(confirmed) == ("CONFIRMED", "proof", derive_id("ver", "proof"))
    await house.pass_time(DAY)
    assert (await house.escrow(escrow_id)).state == "RELEASED"


async def test_a_late_proof_never_lengthens_the_inspection(house: House):
    escrow_id = await house.delivered()
    end = (await house.escrow(escrow_id)).deadline
    await house.pass_time(6 * DAY + 12 * HOUR)

    await house.database.run(lambda tx: delivery.prove(tx, proof(escrow_id)))

    assert (await house.escrow(escrow_id)).deadline == end


async def test_a_proof_that_comes_before_the_delivery_waits(house: House):
    escrow_id = await house.funded()

    with pytest.raises(TooEarly):
        await house.database.run(lambda tx: delivery.prove(tx, proof(escrow_id)))


async def test_a_proof_after_the_end_is_kept_and_moves_nothing(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()
    version = (await house.escrow(escrow_id)).version

    await house.database.run(lambda tx: delivery.prove(tx, proof(escrow_id)))

    assert (await house.escrow(escrow_id)).version == version
    assert "delivery_proven" not in await house.names()


async def test_what_was_lost_is_frozen_and_no_clock_moves_it(house: House):
    escrow_id = await house.delivered()

    for _ in range(2):
        lost = proof(escrow_id, OwnershipLost)
        await house.database.run(lambda tx, lost=lost: delivery.lose(tx, lost))
    await house.pass_time(30 * DAY)

    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.frozen) == ("DELIVERED", "ownership_lost")
    assert (await house.names()).count("frozen") == 1
    await house.refund(escrow_id)
    await house.due()
    assert (await house.escrow(escrow_id)).state == "REFUNDED"


@pytest.mark.invariant("V4")
async def test_a_contract_opens_one_escrow_however_often_it_is_told(house: House):
    for _ in range(3):
        await house.open()

    assert await house.database.value("SELECT count(*) FROM escrows") == 1
    assert (await house.names()).count("opened") == 1


async def test_the_same_contract_on_other_terms_opens_nothing(house: House):
    await house.open()

    with pytest.raises(Poison, match="other terms"):
        await house.open(some_terms(title="Another title"))


async def test_terms_of_another_contract_open_nothing(house: House):
    event = executed(deal_id=derive_id("ofr", "other"))

    with pytest.raises(Poison, match="deal_id"):
        await house.database.run(lambda tx: escrow.open_executed(tx, event, rails=house.rails))
    assert await house.names() == []


async def test_a_rail_that_is_not_configured_is_named(house: House):
    event = executed(some_terms(price=2_000_000, rail=Rail.USDC_BASE))

    with pytest.raises(Poison, match="USDC_BASE, which is not configured"):
        await house.database.run(lambda tx: escrow.open_executed(tx, event, rails=house.rails))
    assert await house.database.value("SELECT count(*) FROM escrows") == 0


async def test_several_tranches_are_released_and_refunded_together(house: House):
    halves = tuple(TrancheTerms(number=n, amount=usd(PRICE // 2)) for n in (1, 2))
    released = await house.delivered(some_terms("released", tranches=halves))
    refunded = await house.funded(some_terms("refunded", tranches=halves))

    await house.confirm(released)
    await house.refund(refunded)
    await house.due()

    assert house.rail.moved(released) == (PRICE, NET, 0)
    assert house.rail.moved(refunded) == (PRICE, 0, PRICE)
    assert [one.tranche for one in await house.payouts(released)] == [1, 2]
    assert (await house.escrow(released)).state == "RELEASED"
    assert (await house.escrow(refunded)).state == "REFUNDED"
    await house.proven()
