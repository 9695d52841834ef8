"""Whatever a person is shown that they may do, they do over REST; the rest is refused."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest
from chassis_client import known
from contracts_schema.actions import EVERYBODY
from listings_builders import a_listing, a_person, accept, an_offer, usd
from listings_driver import serving
from listings_situations import LISTINGS, OFFERS

LESS = {"minor": 1, "currency": "USD"}
BODIES = {"make_offer": {"amount": LESS}, "counter": {"amount": LESS}, "edit": {"title": "Other"}}
OF_LISTING = {
    "view_offers": ("GET", "/v1/offers?listing_id={}"),
    "make_offer": ("POST", "/v1/listings/{}/offers"),
    "edit": ("PATCH", "/v1/listings/{}"),
    "withdraw_listing": ("DELETE", "/v1/listings/{}"),
}
"""The steps in an order in which none changes what the next one may do."""
OF_OFFER = {
    verb: ("POST", f"/v1/offers/{{}}/{word}")
    for verb, word in {
        "accept": "accept",
        "counter": "counter",
        "decline": "decline",
        "withdraw_offer": "withdraw",
    }.items()
}
READS = {"view_offers"}


@pytest.fixture
def stranger():
    return a_person()


@pytest.fixture
async def rest(db, database_url, clock, seller, buyer, stranger):
    await known(db, seller, buyer, stranger)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(serving(database_url, clock))


@pytest.mark.parametrize("who", ["seller", "stranger"])
@pytest.mark.parametrize("situation", LISTINGS)
async def test_what_is_shown_of_a_listing_can_be_done_and_nothing_else(
    rest, db, seller, buyer, stranger, situation, who
):
    person = {"seller": seller, "stranger": stranger}[who]
    listing = await situation(db, seller, buyer)
    read = await rest.ask("GET", f"/v1/listings/{listing.listing_id}", person)
    shown = {each["verb"]: each for each in read.json().get("actions", ())}

    listed = await rest.ask("GET", "/v1/listings?mine=true", person)
    rows = [row for row in listed.json()["data"] if row["listing_id"] == listing.listing_id]
    assert [row["actions"] for row in rows] == ([list(shown.values())] if rows else [])
    for verb, (method, route) in OF_LISTING.items():
        path = route.format(listing.listing_id)
        answer = await rest.ask(method, path, person, BODIES.get(verb))

        assert verb in READS or answer.is_success == (verb in shown), f"{verb}: {answer.text}"
        assert answer.is_success or answer.status_code in (403, 404, 409)
        if verb in shown:
            assert answer.is_success
            assert (shown[verb]["method"], shown[verb]["route"]) == (method, path)


@pytest.mark.parametrize("verb", sorted(OF_OFFER))
@pytest.mark.parametrize("who", ["seller", "buyer", "stranger"])
@pytest.mark.parametrize("situation", OFFERS)
async def test_what_is_shown_of_an_offer_can_be_done_and_nothing_else(
    rest, db, seller, buyer, stranger, clock, situation, who, verb
):
    person = {"seller": seller, "buyer": buyer, "stranger": stranger}[who]
    listing = await a_listing(db, seller)
    offer = await situation(db, seller, buyer, listing, clock)
    read = await rest.ask("GET", f"/v1/offers/{offer.offer_id}", person)
    shown = {each["verb"]: each for each in read.json().get("actions", ())}
    every = (await rest.ask("GET", "/v1/offers", person)).json()["data"]
    mine = [row["actions"] for row in every if row["offer_id"] == offer.offer_id]
    assert mine in ([], [list(shown.values())])
    assert bool(mine) == read.is_success

    method, route = OF_OFFER[verb]
    path = route.format(offer.offer_id)
    answer = await rest.ask(method, path, person, BODIES.get(verb))

    assert answer.is_success == (verb in shown), answer.text
    assert answer.is_success or answer.status_code in (404, 409)
    if verb in shown:
        assert (shown[verb]["method"], shown[verb]["route"]) == (method, path)


async def test_nobody_in_particular_may_only_read(rest, db, seller):
    listing = await a_listing(db, seller)

    for headers in ({}, {"authorization": "Bearer nonsense"}):
        for path in (f"/v1/listings/{listing.listing_id}", "/v1/listings"):
            answer = await rest.ask("GET", path, **headers)
            rows = answer.json().get("data", [answer.json()])
            assert [row["actions"] for row in rows] == [[]]


async def test_events_tell_each_person_what_they_may_do_next(db, seller, buyer):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing, usd(1))
    await accept(db, seller, offer.offer_id)

    rows = await db.rows("SELECT topic, body FROM outbox ORDER BY position")
    told = [(row["topic"].split(".")[1], json.loads(row["body"])["actions"]) for row in rows]
    changing, buying = ["edit", "withdraw_listing"], ["make_offer", "view_offers"]
    looking = {seller.user_id: ["view_offers"], EVERYBODY: ["view_offers"]}
    answers = ["accept", "counter", "decline"]
    assert told == [
        ("listing_created", {seller.user_id: changing}),
        ("listing_activated", {seller.user_id: [*changing, "view_offers"], EVERYBODY: buying}),
        ("offer_made", {buyer.user_id: ["withdraw_offer"], seller.user_id: answers}),
        ("offer_accepted", {}),
        ("listing_reserved", looking),
    ]
