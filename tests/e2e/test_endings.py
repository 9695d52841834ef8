"""How a deal ends otherwise: refunded, cancelled, paid at the second try; and what webhooks do."""

import asyncio

import pytest
from e2e_checks import quiet, the_books_hold
from holdfast.demo import trade
from holdfast.demo.outside import OutsideRefused

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
WAYS_IN = ("rest", "discord")
TO_SIGNED = (trade.join, trade.list_game, trade.agree, trade.sign)


async def signed(scenario, way_in="rest"):
    seller, buyer = await scenario.over(way_in, "sela"), await scenario.over(way_in, "bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in TO_SIGNED:
        await step(played)
    opened = await played.heard("escrow.opened.v1", deal_id=played.deal_id)
    played.escrow_id = opened.body["escrow_id"]
    await played.heard("escrow.payment_requested.v1", escrow_id=played.escrow_id)
    return played


@pytest.mark.parametrize("way_in", WAYS_IN)
async def test_the_seller_refunds_a_funded_escrow(scenario, system, instance, way_in):
    played = await signed(scenario, way_in)
    await trade.fund(played)

    await played.seller.refund(played.escrow_id)
    await played.heard("escrow.refunded.v1", escrow_id=played.escrow_id)
    await played.heard("listings.listing_reopened.v1", listing_id=played.listing_id)

    books = await scenario.system.outside.books(played.escrow_id)
    assert (books["buyer_paid"], books["refunded"], books["seller_received"]) == (430_000,) * 2 + (
        0,
    )
    await the_books_hold(instance, system)


@pytest.mark.parametrize("way_in", WAYS_IN)
async def test_the_buyer_cancels_an_unfunded_escrow(scenario, way_in):
    played = await signed(scenario, way_in)

    await played.buyer.cancel(played.escrow_id)
    await played.heard("escrow.cancelled.v1", escrow_id=played.escrow_id)
    await played.heard("listings.listing_reopened.v1", listing_id=played.listing_id)

    assert await scenario.system.outside.books(played.escrow_id) == {}


async def test_a_declined_card_can_be_followed_by_a_good_one(scenario):
    played = await signed(scenario)
    await trade.onboard(played)

    with pytest.raises(OutsideRefused):
        await trade.pay(played, "pm_card_chargeDeclined")
    await played.heard("escrow.payment_failed.v1", escrow_id=played.escrow_id)
    await trade.pay(played)

    await played.heard("escrow.funds_held.v1", escrow_id=played.escrow_id)


@pytest.mark.fault("W1")
@pytest.mark.fault("W2")
async def test_webhooks_twice_and_out_of_order_hold_the_money_once(scenario, system, instance):
    played = await signed(scenario)
    await trade.onboard(played)
    outside = scenario.system.outside
    await outside.post("/stripe/webhooks", {"paused": True})
    try:
        await trade.pay(played)
        waiting = [it for it in (await outside.get("/stripe/deliveries"))["data"]]
        mine = [it for it in waiting if not it.get("attempts")]
        ids = [it["id"] for it in reversed(mine)]
        delivered = await outside.post("/stripe/webhooks/deliver", {"ids": ids})
    finally:
        await outside.post("/stripe/webhooks", {"paused": False})
    await played.heard("escrow.funds_held.v1", escrow_id=played.escrow_id)
    for event in {it["event"] for it in delivered["data"] if isinstance(it.get("event"), str)}:
        await outside.post("/stripe/events/replay", {"id": event, "times": 10})

    await trade.deliver(played)
    await trade.confirm(played)

    assert len(scenario.system.events.of("escrow.funds_held.v1", escrow_id=played.escrow_id)) == 1
    await the_books_hold(instance, system)


@pytest.mark.fault("X4")
async def test_refund_and_release_at_once_move_the_money_once(scenario, system, instance):
    played = await signed(scenario)
    await trade.fund(played)
    await trade.deliver(played)

    outcomes = await asyncio.gather(
        played.seller.refund(played.escrow_id),
        played.buyer.confirm(played.escrow_id),
        return_exceptions=True,
    )

    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    released = not isinstance(outcomes[1], Exception)
    end = "escrow.released.v1" if released else "escrow.refunded.v1"
    await played.heard(end, escrow_id=played.escrow_id)
    books = await scenario.system.outside.books(played.escrow_id)
    expected = (417_500, 0) if released else (0, 430_000)
    assert (books["seller_received"], books["refunded"]) == expected
    await the_books_hold(instance, system)
