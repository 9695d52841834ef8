"""Offers over REST: whose turn, who may see, one acceptance per key, drafts that expire."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from chassis_client import known
from contracts_schema.events.identity import Tier
from contracts_schema.ids import derive_id
from listings.domain.errors import NotOwner, OwnershipUnknown
from listings.domain.offer import DEFAULT_CAPS
from listings.jobs import timers
from listings_builders import a_listing, a_person, an_offer, state_of, topics
from listings_driver import serving

LESS = {"minor": 400_000, "currency": "USD"}
KEY = "0123456789"


@pytest.fixture
async def rest(db, database_url, clock, seller, buyer):
    await known(db, seller, buyer)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(serving(database_url, clock))


@pytest.fixture
async def listing(db, seller):
    return await a_listing(db, seller)


@pytest.fixture
async def offer(db, buyer, listing):
    return await an_offer(db, buyer, listing)


def path_of(offer) -> str:
    return f"/v1/offers/{offer.offer_id}"


async def test_offer_counter_and_acceptance_tell_whose_turn_it_is(rest, seller, buyer, listing):
    path = f"/v1/listings/{listing.listing_id}/offers"
    made = (await rest.ask("POST", path, buyer, {"amount": LESS, "conditions": "Soon"})).json()
    counter = f"/v1/offers/{made['offer_id']}/counter"
    countered = (await rest.ask("POST", counter, seller, {"amount": LESS})).json()
    own = await rest.ask("POST", f"/v1/offers/{countered['offer_id']}/accept", seller)
    agreed = await rest.ask("POST", f"/v1/offers/{countered['offer_id']}/accept", buyer)

    assert (made["turn"], countered["turn"], agreed.json()["turn"]) == ("seller", "buyer", None)
    assert countered["parent_id"] == made["offer_id"]
    assert (countered["buyer_id"], countered["seller_id"]) == (buyer.user_id, seller.user_id)
    assert (own.status_code, own.json()["code"]) == (409, "not_your_turn")
    assert (agreed.status_code, agreed.json()["state"]) == (200, "ACCEPTED")
    assert agreed.headers["etag"] == '"2"'
    later = await rest.ask("POST", path, buyer, {"amount": LESS})
    assert (later.status_code, later.json()["code"]) == (409, "listing_reserved")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": LESS | {"minor": 0}},
        {"amount": LESS | {"minor": "400000"}},
        {"amount": LESS | {"minor": 10**90}},
        {"amount": LESS, "conditions": "a\x00b"},
        {"amount": LESS, "conditions": "x" * 501},
        {"amount": LESS, "expires_in_s": 3599},
        {"amount": LESS, "expires_in_s": 14 * 86400 + 1},
        {"amount": LESS, "buyer_id": "me"},
    ],
)
async def test_a_bad_offer_is_refused(rest, db, buyer, seller, listing, offer, body):
    for path, who in (
        (f"/v1/listings/{listing.listing_id}/offers", buyer),
        (f"{path_of(offer)}/counter", seller),
    ):
        answer = await rest.ask("POST", path, who, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert await db.value("SELECT count(*) FROM offers") == 1


async def test_an_amount_that_does_not_fit_the_listing_is_refused(rest, buyer, seller, listing):
    path = f"/v1/listings/{listing.listing_id}/offers"
    for amount, who, status, code in (
        ({"minor": 450_001, "currency": "USD"}, buyer, 422, "amount_too_high"),
        ({"minor": 1, "currency": "USDC"}, buyer, 422, "currency_mismatch"),
        (LESS, seller, 403, "own_listing"),
    ):
        answer = await rest.ask("POST", path, who, {"amount": amount})
        assert (answer.status_code, answer.json()["code"]) == (status, code)


STEPS = [("accept", None), ("counter", {"amount": LESS}), ("decline", None), ("withdraw", None)]


@pytest.mark.parametrize(("step", "body"), STEPS)
async def test_an_offer_does_not_exist_for_strangers(rest, db, offer, step, body):
    stranger = a_person()
    await known(db, stranger)

    assert (await rest.ask("GET", path_of(offer), stranger)).status_code == 404
    answer = await rest.ask("POST", f"{path_of(offer)}/{step}", stranger, body)
    assert answer.status_code == 404
    assert (await rest.ask("POST", f"{path_of(offer)}/{step}", None, body)).status_code == 401
    assert await state_of(db, "offers", offer.offer_id) == "PENDING"
    assert rest.roblox.asked == []


@pytest.mark.parametrize(("step", "body"), STEPS)
async def test_who_was_suspended_can_take_no_step(rest, db, seller, buyer, offer, step, body):
    suspended = buyer if step == "withdraw" else seller
    await db.pool.execute(
        "UPDATE principals SET suspended = true WHERE user_id = $1", suspended.user_id
    )

    answer = await rest.ask("POST", f"{path_of(offer)}/{step}", suspended, body)

    # Accepting asks identity, which ends a suspended person's logins.
    refused = (401, "unauthenticated") if step == "accept" else (403, "suspended")
    assert (answer.status_code, answer.json()["code"]) == refused
    assert await state_of(db, "offers", offer.offer_id) == "PENDING"


@pytest.mark.parametrize(("step", "body"), STEPS[:2])
async def test_agreeing_and_countering_need_a_linked_account(rest, db, seller, offer, step, body):
    await db.pool.execute(
        "UPDATE principals SET tier = $2 WHERE user_id = $1", seller.user_id, Tier.TIER_0
    )

    answer = await rest.ask("POST", f"{path_of(offer)}/{step}", seller, body)

    assert (answer.status_code, answer.json()["code"]) == (403, "tier_too_low")


@pytest.mark.parametrize("step", ["accept", "decline", "withdraw"])
async def test_what_is_closed_stays_closed_and_says_so(rest, db, seller, buyer, offer, step):
    await rest.ask("POST", f"{path_of(offer)}/decline", seller)

    who = buyer if step == "withdraw" else seller
    answer = await rest.ask("POST", f"{path_of(offer)}/{step}", who)

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "DECLINED" in answer.json()["detail"]


async def test_the_same_offer_twice_under_one_key_is_one(rest, db, buyer, listing):
    path = f"/v1/listings/{listing.listing_id}/offers"

    first, again = [
        await rest.ask("POST", path, buyer, {"amount": LESS}, idempotency_key=KEY) for _ in range(2)
    ]

    assert first.json() == again.json()
    assert await db.value("SELECT count(*) FROM offers") == 1


async def test_a_key_that_was_forgotten_and_used_anew_makes_no_second_offer(
    rest, db, seller, buyer, listing
):
    path = f"/v1/listings/{listing.listing_id}/offers"
    first = await rest.ask("POST", path, buyer, {"amount": LESS}, idempotency_key=KEY)
    made = first.json()["offer_id"]
    await rest.ask("POST", f"/v1/offers/{made}/decline", seller)
    await db.pool.execute("DELETE FROM idempotency_keys")

    again = await rest.ask("POST", path, buyer, {"amount": LESS}, idempotency_key=KEY)

    assert (again.json()["offer_id"], again.json()["state"]) == (made, "DECLINED")
    assert (await topics(db)).count("offer_made") == 1


@pytest.mark.fault("X1")
async def test_an_acceptance_repeated_while_the_first_runs_gets_its_answer(rest, db, seller, buyer):
    for turn in range(25):
        offer = await an_offer(db, buyer, await a_listing(db, seller))
        rest.roblox.takes_s = turn * 0.002

        path, key = f"{path_of(offer)}/accept", f"{KEY}-{turn}"

        async def accept(path: str, key: str, after: float):
            await asyncio.sleep(after)
            return await rest.ask("POST", path, seller, idempotency_key=key)

        answers = await asyncio.gather(*(accept(path, key, n * 0.01) for n in range(4)))

        assert [answer.status_code for answer in answers] == [200] * 4
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert (await topics(db)).count("offer_accepted") == 25


async def test_an_acceptance_that_was_answered_asks_roblox_no_more(rest, seller, offer):
    path = f"{path_of(offer)}/accept"
    await rest.ask("POST", path, seller, idempotency_key=KEY)
    rest.roblox.refusal = OwnershipUnknown("roblox_away")

    again = await rest.ask("POST", path, seller, idempotency_key=KEY)

    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert rest.roblox.asked == [offer.offer_id]


@pytest.mark.parametrize(
    ("refusal", "status", "retryable"),
    [(NotOwner(), 409, False), (OwnershipUnknown(), 503, True)],
)
async def test_nothing_is_agreed_without_a_fresh_proof(
    rest, db, seller, offer, refusal, status, retryable
):
    rest.roblox.refusal = refusal

    answer = await rest.ask("POST", f"{path_of(offer)}/accept", seller, idempotency_key=KEY)

    assert (answer.status_code, answer.json()["retryable"]) == (status, retryable)
    assert answer.json()["next_action"]
    assert await state_of(db, "offers", offer.offer_id) == "PENDING"
    rest.roblox.refusal = None
    later = await rest.ask("POST", f"{path_of(offer)}/accept", seller, idempotency_key=KEY)
    assert later.status_code == 200


async def test_offers_are_listed_to_their_two_sides_only(rest, db, seller, buyer, clock):
    listings = [await a_listing(db, seller) for _ in range(2)]
    other = a_person()
    await known(db, other)
    for listing in listings * 2:
        clock.advance(timedelta(seconds=1))
        await an_offer(db, buyer, listing)
    await an_offer(db, other, listings[0])

    async def listed(who, query="") -> list[dict]:
        found, following = [], f"/v1/offers?limit=2{query}"
        while following:
            answer = await rest.ask("GET", following, who)
            assert answer.status_code == 200, answer.text
            found += answer.json()["data"]
            following = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
        return found

    assert {it["buyer_id"] for it in await listed(buyer)} == {buyer.user_id}
    assert [len(await listed(who)) for who in (buyer, other, seller)] == [4, 1, 5]
    of_one = await listed(seller, f"&listing_id={listings[0].listing_id}")
    assert {it["listing_id"] for it in of_one} == {listings[0].listing_id}
    assert len({it["offer_id"] for it in of_one}) == 3
    stolen = (await rest.ask("GET", "/v1/offers?limit=1", seller)).json()["next_cursor"]
    answer = await rest.ask("GET", f"/v1/offers?cursor={stolen}", buyer)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize("offer_id", ["ofr_1", derive_id("lst", "another kind"), "%00", "x" * 300])
async def test_a_path_that_is_no_offer_s_is_refused(rest, seller, offer_id):
    answer = await rest.ask("GET", f"/v1/offers/{offer_id}", seller)

    assert answer.status_code == 422


async def test_a_draft_is_its_writer_s_and_lasts_half_an_hour(
    rest, db, seller, buyer, listing, clock
):
    path = f"/v1/listings/{listing.listing_id}/offer-draft"
    words = {"amount": "4,0", "conditions": "If you"}
    await rest.ask("PUT", path, buyer, words)
    clock.advance(timedelta(minutes=20))
    kept = await rest.ask("PUT", path, buyer, words)
    clock.advance(timedelta(minutes=29))
    await timers().once(db)

    read = await rest.ask("GET", path, buyer)
    assert (kept.status_code, read.status_code) == (200, 200)
    assert read.json() == kept.json()
    assert read.json().items() >= words.items()
    assert (await rest.ask("GET", path, seller)).status_code == 404

    clock.advance(timedelta(minutes=1))
    assert (await rest.ask("GET", path, buyer)).status_code == 404
    assert await timers().once(db) == 1
    assert await db.value("SELECT count(*) FROM offer_drafts") == 0


async def test_a_draft_is_forgotten_on_request_with_its_timer(rest, db, buyer, listing):
    path = f"/v1/listings/{listing.listing_id}/offer-draft"
    await rest.ask("PUT", path, buyer, {"amount": "4"})

    assert [(await rest.ask("DELETE", path, buyer)).status_code for _ in range(2)] == [204, 204]
    assert await db.value("SELECT count(*) FROM timers") == 0
    bad = await rest.ask("PUT", path, buyer, {"conditions": "\x00"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_input")


@pytest.mark.abuse("R2")
async def test_one_more_offer_on_a_listing_than_one_may_have_is_refused(rest, db, buyer, listing):
    path = f"/v1/listings/{listing.listing_id}/offers"
    made = [await rest.ask("POST", path, buyer, {"amount": LESS}) for _ in range(3)]
    before = await topics(db)
    refused = await rest.ask("POST", path, buyer, {"amount": LESS})
    after = await topics(db)
    back = f"/v1/offers/{made[0].json()['offer_id']}/withdraw"
    await rest.ask("POST", back, buyer)
    again = await rest.ask("POST", path, buyer, {"amount": LESS})

    assert [it.status_code for it in made] == [201, 201, 201]
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_offers")
    assert refused.json()["wording"] == "listings.too_many_offers_on_listing"
    assert refused.json()["params"] == {"most": "3"}
    assert "more than 3 open offers" in refused.json()["detail"]
    assert after == before
    assert again.status_code == 201


async def test_the_last_offer_that_one_may_make_is_made_once_however_often_it_is_sent(
    rest, db, buyer, listing
):
    path = f"/v1/listings/{listing.listing_id}/offers"
    for _ in range(DEFAULT_CAPS.on_listing - 1):
        await rest.ask("POST", path, buyer, {"amount": LESS})
    last = [
        await rest.ask("POST", path, buyer, {"amount": LESS}, idempotency_key=KEY) for _ in range(3)
    ]

    assert [it.status_code for it in last] == [201, 201, 201]
    assert await db.value("SELECT count(*) FROM offers") == DEFAULT_CAPS.on_listing


async def test_offers_that_ran_out_are_not_counted_though_nobody_noticed_yet(
    rest, buyer, listing, clock
):
    path = f"/v1/listings/{listing.listing_id}/offers"
    for _ in range(DEFAULT_CAPS.on_listing):
        await rest.ask("POST", path, buyer, {"amount": LESS, "expires_in_s": 3600})
    clock.advance(timedelta(hours=1))

    assert (await rest.ask("POST", path, buyer, {"amount": LESS})).status_code == 201


@pytest.mark.abuse("R2")
async def test_one_more_open_offer_than_one_may_have_in_all_is_refused(rest, db, seller, buyer):
    for _ in range(DEFAULT_CAPS.in_all):
        await an_offer(db, buyer, await a_listing(db, seller))
    path = f"/v1/listings/{(await a_listing(db, seller)).listing_id}/offers"
    refused = await rest.ask("POST", path, buyer, {"amount": LESS})

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_offers")
    assert refused.json()["wording"] == "listings.too_many_offers"
    assert refused.json()["params"] == {"most": "50"}
    assert await db.value("SELECT count(*) FROM offers") == DEFAULT_CAPS.in_all


async def test_a_counter_offer_takes_the_place_of_the_one_it_answers(rest, seller, buyer, listing):
    path = f"/v1/listings/{listing.listing_id}/offers"
    made = [await rest.ask("POST", path, buyer, {"amount": LESS}) for _ in range(3)]
    counter = f"/v1/offers/{made[0].json()['offer_id']}/counter"

    assert (await rest.ask("POST", counter, seller, {"amount": LESS})).status_code == 201
    assert (await rest.ask("POST", path, buyer, {"amount": LESS})).status_code == 409
