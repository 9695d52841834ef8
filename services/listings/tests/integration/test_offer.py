"""Offers: turns, one acceptance, expiry, and how a deal's end frees or sells the listing."""

import json
from datetime import timedelta

import pytest
from chassis.problems import Problem
from contracts_schema.commands.listings import (
    CounterOffer,
    DeclineOffer,
    WithdrawOffer,
)
from contracts_schema.ids import new_id
from listings import handlers
from listings.domain.errors import AmountTooHigh, ListingReserved, NotYourTurn, WrongState
from listings.jobs import timers
from listings_builders import (
    a_listing,
    a_person,
    accept,
    an_end,
    an_offer,
    state_of,
    topics,
    usd,
)


async def counter(db, person, offer_id, minor):
    command = CounterOffer(offer_id=offer_id, amount=usd(minor))
    async with db.transaction() as tx:
        return await handlers.offer.counter(tx, person, command)


async def test_counters_change_the_turn_and_never_the_sides(db, seller, buyer):
    listing = await a_listing(db, seller)
    first = await an_offer(db, buyer, listing)

    second = await counter(db, seller, first.offer_id, 430_000)
    third = await counter(db, buyer, second.offer_id, 410_000)

    for offer in (second, third):
        assert (offer.buyer_id, offer.seller_id) == (buyer.user_id, seller.user_id)
    assert (second.made_by, third.made_by) == ("seller", "buyer")
    assert await state_of(db, "offers", first.offer_id) == "COUNTERED"
    with pytest.raises(NotYourTurn):
        await accept(db, buyer, third.offer_id)


async def test_a_counter_is_at_most_the_asking_price(db, seller, buyer):
    offer = await an_offer(db, buyer, await a_listing(db, seller))

    with pytest.raises(AmountTooHigh):
        await counter(db, seller, offer.offer_id, 450_001)

    assert await state_of(db, "offers", offer.offer_id) == "PENDING"


async def test_accepting_reserves_the_listing_and_declines_the_others(db, seller, buyer):
    listing = await a_listing(db, seller)
    mine = await an_offer(db, buyer, listing)
    other = await an_offer(db, a_person(), listing, usd(390_000))

    await accept(db, seller, mine.offer_id)

    assert await state_of(db, "listings", listing.listing_id) == "RESERVED"
    assert await state_of(db, "offers", other.offer_id) == "DECLINED"
    told = await topics(db)
    assert told[-3:] == ["offer_accepted", "listing_reserved", "offer_declined"]
    with pytest.raises(ListingReserved):
        await an_offer(db, a_person(), listing)


async def test_what_is_agreed_on_says_which_kind_of_goods_it_is_about(db, seller, buyer):
    listing = await a_listing(db, seller)
    await db.pool.execute("UPDATE listings SET kind = 'ACCOUNT'")
    await accept(db, seller, (await an_offer(db, buyer, listing)).offer_id)

    topic = "listings.offer_accepted.v1"
    body = json.loads(await db.value("SELECT body FROM outbox WHERE topic = $1", topic))
    assert (body["kind"], body["asset_id"]) == ("ACCOUNT", listing.asset_id)


async def test_a_stranger_sees_no_offer(db, seller, buyer):
    offer = await an_offer(db, buyer, await a_listing(db, seller))

    with pytest.raises(Problem) as refused:
        await accept(db, a_person(), offer.offer_id)

    assert refused.value.status == 404


async def test_declined_and_withdrawn_offers_are_closed_for_good(db, seller, buyer):
    listing = await a_listing(db, seller)
    declined = await an_offer(db, buyer, listing)
    withdrawn = await an_offer(db, buyer, listing)
    async with db.transaction() as tx:
        await handlers.offer.decline(tx, seller, DeclineOffer(offer_id=declined.offer_id))
        await handlers.offer.withdraw(tx, buyer, WithdrawOffer(offer_id=withdrawn.offer_id))

    for offer in (declined, withdrawn):
        with pytest.raises(WrongState):
            await accept(db, seller, offer.offer_id)


async def test_an_unanswered_offer_expires(db, seller, buyer, clock):
    offer = await an_offer(db, buyer, await a_listing(db, seller))
    clock.advance(timedelta(hours=71, minutes=59))
    assert await timers().once(db) == 0

    clock.advance(timedelta(minutes=2))
    await timers().once(db)

    assert await state_of(db, "offers", offer.offer_id) == "EXPIRED"
    assert (await topics(db))[-1] == "offer_expired"


async def test_an_answered_offer_has_no_timer_left(db, seller, buyer, clock):
    offer = await an_offer(db, buyer, await a_listing(db, seller))
    await accept(db, seller, offer.offer_id)

    clock.advance(timedelta(days=30))

    assert await timers().once(db) == 0


@pytest.mark.parametrize("how", ["reopen", "sell"])
async def test_only_its_own_deal_frees_or_sells_a_listing(db, seller, buyer, how):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)
    await accept(db, seller, offer.offer_id)

    kind, act = {
        "reopen": ("refunded", handlers.listing.reopen),
        "sell": ("released", handlers.listing.sell),
    }[how]

    async def end(deal_id):
        async with db.transaction() as tx:
            await act(tx, an_end(kind, deal_id, listing.listing_id, seller, buyer))

    await end(new_id("ofr"))
    assert await state_of(db, "listings", listing.listing_id) == "RESERVED"
    await end(offer.offer_id)
    await end(offer.offer_id)

    expected = {"reopen": ("ACTIVE", "listing_reopened"), "sell": ("SOLD", "listing_sold")}
    assert await state_of(db, "listings", listing.listing_id) == expected[how][0]
    assert (await topics(db)).count(expected[how][1]) == 1


async def test_a_reopened_listing_can_be_sold_to_somebody_else(db, seller, buyer):
    listing = await a_listing(db, seller)
    first = await an_offer(db, buyer, listing)
    await accept(db, seller, first.offer_id)
    async with db.transaction() as tx:
        end = an_end("voided", first.offer_id, listing.listing_id, seller, buyer)
        await handlers.listing.reopen(tx, end)

    second = await an_offer(db, a_person(), listing)
    await accept(db, seller, second.offer_id)

    assert await state_of(db, "listings", listing.listing_id) == "RESERVED"
