"""The wrong person, the wrong state, the wrong input: a clear no, and nothing changed."""

import pytest
from e2e_checks import quiet
from holdfast.demo import trade
from holdfast.demo.rest_driver import RestRefused

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.fixture
async def listed(scenario):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game):
        await step(played)
    return played


async def refused(call, status: int, code: str | None = None) -> None:
    with pytest.raises(RestRefused) as no:
        await call
    problem = no.value.problem
    assert no.value.status == status, problem
    assert problem["detail"]
    assert problem["next_action"]
    assert problem["request_id"]
    if code:
        assert problem["code"] == code


async def test_an_under_tiered_person_is_told_to_link(scenario, listed):
    newcomer = await scenario.at_rest("new")
    await newcomer.join()

    await refused(newcomer.make_offer(listed.listing_id, 1_000), 403, "tier_too_low")


async def test_an_under_tiered_person_in_discord_is_told_the_same(scenario, listed):
    newcomer = await scenario.at_discord("new")
    await newcomer.join()

    await newcomer.create_listing("123", "Not mine", 1_000)

    assert await newcomer.told("Use /link to link your Roblox account")


async def test_somebody_unknown_in_discord_is_told_to_sign_up(scenario):
    stranger = await scenario.at_discord("who")

    await stranger._command("link")

    assert await stranger.told("Use /signup first")


async def test_a_stranger_finds_neither_offer_nor_contract_nor_escrow(scenario, listed):
    for step in (trade.agree, trade.sign):
        await step(listed)
    opened = await listed.heard("escrow.opened.v1", deal_id=listed.deal_id)
    escrow_id = opened.body["escrow_id"]
    stranger = await scenario.at_rest("eve")
    await stranger.join()
    await stranger.link()
    before = await listed.buyer.get(f"/v1/escrows/{escrow_id}")

    for path in (
        f"/v1/offers/{listed.deal_id}",
        f"/v1/contracts/{listed.contract_id}",
        f"/v1/escrows/{escrow_id}",
        f"/v1/escrows/{escrow_id}/preview",
    ):
        await refused(stranger.get(path), 404)
    for act in ("confirm", "refund", "cancel"):
        await refused(stranger.post(f"/v1/escrows/{escrow_id}/{act}"), 404)
    await refused(stranger.sign(listed.contract_id), 404)

    assert await listed.buyer.get(f"/v1/escrows/{escrow_id}") == before


@pytest.mark.abuse("A6")
async def test_steps_cannot_be_skipped(listed):
    for step in (trade.agree, trade.sign):
        await step(listed)
    opened = await listed.heard("escrow.opened.v1", deal_id=listed.deal_id)
    escrow_id = opened.body["escrow_id"]

    await refused(listed.buyer.confirm(escrow_id), 409)
    await refused(listed.seller.deliver(escrow_id, "Too early", "nothing"), 409)
    await refused(listed.seller.refund(escrow_id), 409)


async def test_nobody_buys_their_own_game(listed):
    await refused(listed.seller.make_offer(listed.listing_id, 1_000), 403, "own_listing")


async def test_a_seller_who_presses_their_own_public_card_is_shown_what_they_can_do(scenario):
    seller = await scenario.at_discord("sela")
    played = await scenario.trade(seller, await scenario.at_rest("bob"), quiet)
    for step in (trade.join, trade.list_game):
        await step(played)

    await seller.make_offer(played.listing_id, 1_000)

    told = await seller.told("This is your own listing")
    verbs = {str(each["custom_id"]).split(":")[1] for each in told["buttons"]}
    assert verbs == {"view_offers", "withdraw_listing"}


async def test_a_token_is_needed(scenario, listed):
    nobody = await scenario.at_rest("nobody")

    await refused(nobody.make_offer(listed.listing_id, 1_000), 401, "unauthenticated")


@pytest.mark.parametrize(
    "amount",
    [
        {"minor": 0, "currency": "USD"},
        {"minor": -5, "currency": "USD"},
        {"minor": 1.5, "currency": "USD"},
        {"minor": "100", "currency": "USD"},
        {"minor": 10**30, "currency": "USD"},
        {"minor": 100, "currency": "EUR"},
        {"minor": 100},
        {"minor": 450_001, "currency": "USD"},
        None,
    ],
)
async def test_an_amount_that_is_none_is_refused(listed, amount):
    call = listed.buyer.post(f"/v1/listings/{listed.listing_id}/offers", {"amount": amount})

    await refused(call, 422)


async def test_the_same_key_for_another_request_is_refused(listed):
    path = f"/v1/listings/{listed.listing_id}/offers"
    key = {"Idempotency-Key": "the-same-key-twice"}
    amount = {"amount": {"minor": 1_000, "currency": "USD"}}
    first = await listed.buyer.http.post(path, json=amount, headers=key)
    again = await listed.buyer.http.post(path, json=amount, headers=key)
    other = {"amount": {"minor": 2_000, "currency": "USD"}}

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    await refused(listed.buyer.post(path, other, key), 422, "idempotency_key_reused")
