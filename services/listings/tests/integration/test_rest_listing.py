"""Listings over REST: what is created, shown, edited and taken down, and to whom."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from chassis_client import known
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import AssetRejected, Purpose
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import derive_id, new_id
from listings import handlers, store
from listings.api.schemas import ListingOut
from listings.domain.asset import AssetName
from listings_builders import (
    GAME,
    a_command,
    a_listing,
    a_person,
    a_verification,
    an_offer,
    proven,
    state_of,
    topics,
    usd,
)
from listings_driver import serving
from pydantic import TypeAdapter

SHOWN = TypeAdapter(ListingOut)

ORDER = {"asset_id": GAME, "title": "Tower", "price": {"minor": 450_000, "currency": "USD"}}
KEY = "0123456789"


@pytest.fixture
async def rest(db, database_url, clock, seller, buyer):
    await known(db, seller, buyer)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(serving(database_url, clock))


def path_of(listing) -> str:
    return f"/v1/listings/{listing.listing_id}"


async def test_without_proof_it_is_a_draft_and_with_it_live_at_once(rest, db, seller):
    draft = await rest.ask("POST", "/v1/listings", seller, ORDER)
    await proven(db, seller)
    live = await rest.ask("POST", "/v1/listings", seller, ORDER)

    assert (draft.status_code, draft.json()["state"], draft.headers["etag"]) == (
        201, "DRAFT", '"1"',
    )  # fmt: skip
    assert (live.status_code, live.json()["state"], live.headers["etag"]) == (201, "ACTIVE", '"2"')
    assert await topics(db) == ["listing_created", "listing_created", "listing_activated"]


async def test_what_is_read_is_what_was_answered(rest, db, seller):
    await proven(db, seller)
    made = await rest.ask("POST", "/v1/listings", seller, ORDER | {"summary": 'Ü "quoted" \\ 🎮'})

    read = await rest.ask("GET", f"/v1/listings/{made.json()['listing_id']}", seller)

    assert read.headers["etag"] == made.headers["etag"]
    assert read.headers["content-type"] == "application/json"
    assert SHOWN.validate_python(read.json()) == SHOWN.validate_python(made.json())


@pytest.mark.parametrize("with_proof", [True, False])
async def test_the_same_key_is_one_listing_and_one_answer(rest, db, seller, with_proof):
    if with_proof:
        await proven(db, seller)

    answers = await asyncio.gather(
        *(rest.ask("POST", "/v1/listings", seller, ORDER, idempotency_key=KEY) for _ in range(5))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 4
    assert await db.value("SELECT count(*) FROM listings") == 1
    other = await rest.ask(
        "POST", "/v1/listings", seller, ORDER | {"title": "Other"}, idempotency_key=KEY
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "a\x00b"),
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 256),
        ("title", 7),
        ("title", None),
        ("summary", "x" * 1001),
        ("summary", "\x00"),
        ("category", ""),
        ("category", "\x00"),
        ("asset_id", "my game"),
        ("asset_id", "9" * 21),
        ("asset_id", 777),
        ("price", {"minor": 0, "currency": "USD"}),
        ("price", {"minor": -1, "currency": "USD"}),
        ("price", {"minor": 1.5, "currency": "USD"}),
        ("price", {"minor": True, "currency": "USD"}),
        ("price", {"minor": 10**90, "currency": "USD"}),
        ("price", {"minor": 100, "currency": "EUR"}),
        ("price", {"minor": 100}),
        ("price", 100),
        ("visibility", "SECRET"),
        ("delivery_window_s", 3599),
        ("delivery_window_s", 30 * 86400 + 1),
        ("delivery_window_s", "3600"),
        ("state", "ACTIVE"),
        ("seller_id", derive_id("usr", "somebody else")),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(rest, db, seller, field, value):
    answer = await rest.ask("POST", "/v1/listings", seller, ORDER | {field: value})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_input"
    assert field in problem["errors"][0]["pointer"]
    assert problem["next_action"]
    assert await db.value("SELECT count(*) FROM listings") == 0


@pytest.mark.parametrize(
    "change", [{"title": "\x00"}, {"title": " "}, {"price": 1}, {"state": "X"}]
)
async def test_a_bad_edit_is_refused(rest, db, seller, change):
    listing = await a_listing(db, seller)

    answer = await rest.ask("PATCH", path_of(listing), seller, change)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert (await store.listing.find(db, listing.listing_id)).version == 2


async def test_leading_zeros_make_no_other_game_of_it(rest, db, seller):
    await proven(db, seller)

    made = await rest.ask("POST", "/v1/listings", seller, ORDER | {"asset_id": f"00{GAME}"})

    assert (made.json()["asset_id"], made.json()["kind"]) == (GAME, "GAME_OWNERSHIP")
    assert made.json()["state"] == "ACTIVE"


@pytest.mark.parametrize("kind", ["DIGITAL_KEY", "HOUSE", "", None, 7])
async def test_what_is_not_traded_is_refused_by_its_kind(rest, db, seller, kind):
    answer = await rest.ask("POST", "/v1/listings", seller, ORDER | {"kind": kind})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.json()["errors"][0]["pointer"] == "/body/kind"
    assert await db.value("SELECT count(*) FROM listings") == 0


async def test_an_edit_is_refused_to_who_saw_an_old_version(rest, db, seller):
    path = path_of(await a_listing(db, seller))
    seen = (await rest.ask("GET", path)).headers["etag"]

    first = await rest.ask("PATCH", path, seller, {"title": "One"}, if_match=seen)
    second = await rest.ask("PATCH", path, seller, {"title": "Two"}, if_match=seen)
    unread = await rest.ask("DELETE", path, seller, if_match="three")

    assert (first.status_code, first.json()["title"]) == (200, "One")
    assert first.headers["etag"] == '"3"'
    assert (second.status_code, second.json()["code"]) == (412, "version_moved")
    assert (unread.status_code, unread.json()["code"]) == (400, "if_match_malformed")
    assert (await rest.ask("GET", path)).json()["title"] == "One"


async def test_the_price_keeps_its_currency(rest, db, seller):
    listing = await a_listing(db, seller)
    price = {"minor": 5, "currency": "USDC"}

    answer = await rest.ask("PATCH", path_of(listing), seller, {"price": price})

    assert (answer.status_code, answer.json()["code"]) == (422, "currency_mismatch")
    assert (await store.listing.find(db, listing.listing_id)).price == listing.price


async def test_lowering_the_price_declines_the_offers_above_it(rest, db, seller, buyer):
    listing = await a_listing(db, seller)
    above, at, below = [
        await an_offer(db, buyer, listing, usd(minor)) for minor in (400_001, 400_000, 399_999)
    ]

    price = {"minor": 400_000, "currency": "USD"}
    answer = await rest.ask("PATCH", path_of(listing), seller, {"price": price})

    assert answer.json()["price"] == price
    states = [await state_of(db, "offers", it.offer_id) for it in (above, at, below)]
    assert states == ["DECLINED", "PENDING", "PENDING"]
    assert (await topics(db))[-2:] == ["listing_updated", "offer_declined"]
    assert b"price_lowered" in await db.value("SELECT body FROM outbox ORDER BY position DESC")


async def test_withdrawing_over_rest_is_for_good(rest, db, seller):
    path = path_of(await a_listing(db, seller))

    gone, again = [await rest.ask("DELETE", path, seller) for _ in range(2)]

    assert (gone.status_code, gone.json()["state"]) == (200, "CANCELLED")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert "CANCELLED" in again.json()["detail"]


async def test_a_private_listing_is_seen_by_its_seller_and_its_bidders(rest, db, seller, buyer):
    private = await a_listing(db, replace(seller, guild_id="9"), visibility="PRIVATE")
    path, bidder = path_of(private), a_person(guild_id="9")
    await known(db, bidder)
    await an_offer(db, bidder, private)

    for method, more, body in (
        ("GET", "", None),
        ("PUT", "/watch", None),
        ("PUT", "/offer-draft", {}),
        ("POST", "/offers", {"amount": ORDER["price"]}),
    ):
        answer = await rest.ask(method, path + more, buyer, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await rest.ask("GET", path)).status_code == 404
    for who in (seller, bidder):
        assert (await rest.ask("GET", path, who)).status_code == 200
    assert (await rest.ask("GET", "/v1/listings")).json()["data"] == []


@pytest.mark.parametrize("rejected", [False, True])
async def test_what_was_never_proven_is_its_seller_s_alone(rest, db, seller, buyer, rejected):
    async with db.transaction() as tx:
        listing = await handlers.listing.create(tx, seller, a_command(), None)
        if rejected:
            await handlers.asset.reject(tx, a_rejection(seller, listing, tx.now()))
    path = path_of(listing)

    assert (await rest.ask("GET", path, buyer)).status_code == 404
    assert (await rest.ask("GET", path)).status_code == 404
    made = await rest.ask("POST", f"{path}/offers", buyer, {"amount": ORDER["price"]})
    assert made.status_code == 404
    assert (await rest.ask("GET", path, seller)).status_code == 200


def a_rejection(person, listing, checked_at, asset_id=GAME) -> AssetRejected:
    return AssetRejected(
        verification_id=new_id("ver"),
        user_id=person.user_id,
        asset_id=asset_id,
        purpose=Purpose.LISTING,
        listing_id=listing.listing_id if listing else None,
        reason_code="not_owner",
        checked_at=checked_at,
    )


async def test_a_proof_that_comes_late_does_not_undo_a_newer_refutation(db, seller, clock):
    early = clock.now()
    clock.advance(timedelta(minutes=5))
    async with db.transaction() as tx:
        await handlers.asset.reject(tx, a_rejection(seller, None, tx.now()))
        await handlers.asset.activate(tx, a_verification(seller.user_id, None, early))
    assert await store.asset.find(db, seller.user_id, AssetName(DEFAULT_KIND, GAME)) is None

    clock.advance(timedelta(minutes=5))
    await proven(db, seller)
    assert await store.asset.find(db, seller.user_id, AssetName(DEFAULT_KIND, GAME)) is not None


async def test_a_check_of_another_game_or_person_says_nothing_of_a_draft(db, seller):
    async with db.transaction() as tx:
        listing = await handlers.listing.create(tx, seller, a_command(), None)
        await handlers.asset.reject(tx, a_rejection(seller, listing, tx.now(), asset_id="778"))
        await handlers.asset.reject(tx, a_rejection(a_person(), listing, tx.now()))
        wrong = a_verification(seller.user_id, listing.listing_id, tx.now(), asset_id="778")
        await handlers.asset.activate(tx, wrong)

    assert await state_of(db, "listings", listing.listing_id) == "DRAFT"


async def test_pages_hold_each_public_listing_once_newest_first(rest, db, seller, clock):
    made = []
    for turn in range(7):
        clock.advance(timedelta(seconds=turn % 2))
        made.append(await a_listing(db, seller, category="a b&c" if turn % 2 else "game"))
    await a_listing(db, seller, visibility="PRIVATE")
    async with db.transaction() as tx:
        await handlers.listing.create(tx, seller, a_command(), None)

    everything = await rest.pages("/v1/listings?limit=3")
    some = await rest.pages("/v1/listings?limit=2&category=a%20b%26c")

    newest = sorted(made, key=lambda it: (it.created_at, it.listing_id), reverse=True)
    assert [it["listing_id"] for it in everything] == [it.listing_id for it in newest]
    assert {it["listing_id"] for it in some} == {it.listing_id for it in made[1::2]}


async def test_mine_are_mine_alone_in_every_state(rest, db, seller, buyer, clock):
    for category in ("game", "model", "game"):
        clock.advance(timedelta(seconds=1))
        await a_listing(db, seller, visibility="PRIVATE", category=category)
    await a_listing(db, buyer)

    mine = await rest.pages("/v1/listings?mine=true&limit=1", seller)
    games = await rest.pages("/v1/listings?mine=true&limit=1&category=game", seller)

    assert {it["seller_id"] for it in mine} == {seller.user_id}
    assert (len(mine), len(games)) == (3, 2)
    assert (await rest.ask("GET", "/v1/listings?mine=true")).status_code == 401


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "cursor=AAAA", "cursor=%00", "category=%00", "category="],
)
async def test_a_bad_query_is_refused(rest, query):
    answer = await rest.ask("GET", f"/v1/listings?{query}")

    assert answer.status_code == 422
    assert answer.json()["next_action"]


async def test_a_cursor_belongs_to_its_filters_and_its_person(rest, db, seller, buyer):
    for person in (seller, seller, buyer):
        await a_listing(db, person)
    mine = await rest.ask("GET", "/v1/listings?mine=true&limit=1", seller)
    cursor = mine.json()["next_cursor"]

    for query, who in (
        ("mine=true", buyer),
        ("mine=false", None),
        ("mine=true&category=x", seller),
    ):
        answer = await rest.ask("GET", f"/v1/listings?{query}&cursor={cursor}", who)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    ("person", "code"),
    [(a_person(Tier.TIER_0), "tier_too_low"), (a_person(suspended=True), "suspended")],
)
async def test_who_may_not_sell_is_told_why(rest, db, person, code):
    await known(db, person)

    answer = await rest.ask("POST", "/v1/listings", person, ORDER)

    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert answer.json()["next_action"]


async def test_a_stranger_can_neither_edit_nor_take_down(rest, db, seller, buyer):
    path = path_of(await a_listing(db, seller))

    assert (await rest.ask("PATCH", path, buyer, {"title": "Mine"})).status_code == 404
    assert (await rest.ask("DELETE", path, buyer)).status_code == 404
    assert (await rest.ask("DELETE", path)).status_code == 401
    assert (await rest.ask("GET", path)).json()["state"] == "ACTIVE"


async def test_following_twice_is_following_once(rest, db, seller, buyer):
    path = f"{path_of(await a_listing(db, seller))}/watch"

    for method, count in (("PUT", 1), ("PUT", 1), ("DELETE", 0), ("DELETE", 0)):
        assert (await rest.ask(method, path, buyer)).status_code == 204
        assert await db.value("SELECT count(*) FROM watches") == count
