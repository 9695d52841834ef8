"""Every button of a listing and of an offer, in every state, for every side."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from button_presses import LISTING, OFFER, PUBLIC, Owner, buttons, cards
from chassis.clock import ManualClock
from chassis.messaging.consumers import Consumers
from chassis.storage import database
from chassis_client import known
from listings.api.problems import RULES
from listings.consumers import register
from listings.domain import listing as listings
from listings.domain import offer as offers
from listings_builders import a_listing, a_person
from listings_driver import FakeRoblox, serving
from listings_situations import LISTINGS, OFFERS, past_its_time

SIDES = ("seller", "buyer", "stranger")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def people():
    return {side: a_person() for side in SIDES}


@pytest.fixture
async def owner(database_for, clock, people):
    url = database_for("listings")
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database.connect(url, clock, "listings"))
        await known(db, *people.values())
        rest = await stack.enter_async_context(serving(url, clock))
        consumers = register(Consumers("listings"), FakeRoblox(), offers.DEFAULT_CAPS)
        yield Owner(db, consumers, RULES, rest.ask)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("situation", LISTINGS)
async def test_a_listing_s_buttons_are_never_refused_and_no_other_is_taken(
    owner, people, situation, side
):
    me, pair = people[side], (people["seller"], people["buyer"])
    listing = await situation(owner.database, *pair)
    path, key = f"/v1/listings/{listing.listing_id}", f"listing:{listing.listing_id}"
    page = await owner.page(LISTING, path, me)
    public = (await cards(owner.database)).get((PUBLIC, key), [])

    if side != "seller":
        assert set(page) == set(public)
    for verb in buttons(listings.Verb) - set(page):
        refused = await owner.press(me, verb, listing.listing_id)
        assert refused in (403, 404, 409) or verb == "view_offers", (verb, refused)
    for verb in page:
        fresh = await situation(owner.database, *pair)
        assert await owner.press(me, verb, fresh.listing_id) == 200, verb


async def test_a_seller_who_presses_the_public_card_is_told_that_it_is_theirs(owner, people):
    listing = await a_listing(owner.database, people["seller"])

    assert await owner.press(people["seller"], "make_offer", listing.listing_id) == 403


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("situation", OFFERS)
async def test_an_offer_s_buttons_are_never_refused_and_no_other_is_taken(
    owner, people, clock, situation, side
):
    me, pair = people[side], (people["seller"], people["buyer"])

    async def made():
        listing = await a_listing(owner.database, people["seller"])
        return await situation(owner.database, *pair, listing, clock)

    offer = await made()
    page = await owner.page(OFFER, f"/v1/offers/{offer.offer_id}", me)
    card = (await cards(owner.database)).get((me.user_id, f"offer:{offer.offer_id}"), page)

    assert set(page) == set(card) or situation is past_its_time  # its timer takes them away
    for verb in buttons(offers.Verb) - set(page):
        assert await owner.press(me, verb, offer.offer_id) in (403, 404, 409), verb
    for verb in page:
        assert await owner.press(me, verb, (await made()).offer_id) == 200, verb
