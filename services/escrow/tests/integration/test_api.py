"""REST: schemas, refusals that name cause and next step, keys, versions, webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from contracts_schema.ids import derive_id
from escrow_builders import (
    ADMIN,
    BUYER,
    DAY,
    FEE,
    NET,
    PRICE,
    SELLER,
    STRANGER,
    House,
    as_person,
    running,
    some_terms,
)

DELIVERY = {"title": "Ownership transferred", "evidence": [{"kind": "note", "text": "Done."}]}


@pytest.fixture
async def client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    async with running(house.database, database_url, house.rails) as made:
        yield made


async def post(client, house, who, path, body=None, **headers):
    return await client.post(path, json=body, headers=as_person(who, house.clock, **headers))


async def get(client, house, who, path):
    return await client.get(path, headers=as_person(who, house.clock))


async def test_a_whole_deal_goes_through_this_door(client, house):
    escrow_id = await house.open()
    path = f"/v1/escrows/{escrow_id}"
    onboarding = await post(client, house, SELLER, "/v1/payout-accounts/onboarding-link")
    [account] = house.rail.accounts
    house.rail.onboard(account)
    pay = await post(client, house, BUYER, f"{path}/payment-link")
    await house.pay(escrow_id)

    delivered = await post(client, house, SELLER, f"{path}/deliveries", DELIVERY)
    shown = await get(client, house, BUYER, path)
    preview = await get(client, house, BUYER, f"{path}/preview")
    confirmed = await post(
        client, house, BUYER, f"{path}/confirm", **{"If-Match": shown.headers["etag"]}
    )
    await house.due()
    ended = await get(client, house, SELLER, path)

    assert [one.status_code for one in (onboarding, pay, delivered, shown, preview)] == [
        *(201, 201, 201),
        *(200, 200),
    ]
    assert (pay.headers["cache-control"], onboarding.headers["cache-control"]) == ("no-store",) * 2
    body = shown.json()
    assert (body["state"], body["turn"], body["otherwise"]) == ("DELIVERED", "buyer", "released")
    assert "goes to the seller" in body["if_nobody_acts"]
    assert body["delivery"]["evidence"] == [{**DELIVERY["evidence"][0], "sha256": None}]
    told = preview.json()["if_released"]
    assert [told[name]["minor"] for name in ("seller", "fee", "buyer")] == [NET, FEE, 0]
    assert preview.json()["if_refunded"]["buyer"]["minor"] == PRICE
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "RELEASING")
    amounts = ended.json()["amounts"]
    assert ended.json()["state"] == "RELEASED"
    assert (amounts["released"]["minor"], amounts["fees"]["minor"]) == (NET, FEE)
    assert ended.json()["payouts"][0]["state"] == "SUCCEEDED"


async def test_what_is_previewed_is_what_is_booked(client, house):
    for name, act in (("if_released", house.confirm), ("if_refunded", house.refund)):
        escrow_id = await house.delivered(some_terms(name))
        told = (await get(client, house, BUYER, f"/v1/escrows/{escrow_id}/preview")).json()[name]

        await act(escrow_id)
        await house.due()

        amounts = (await house.escrow(escrow_id)).amounts
        assert told["allowed"] is True
        assert (amounts.released, amounts.refunded, amounts.fees) == (
            told["seller"]["minor"],
            told["buyer"]["minor"],
            told["fee"]["minor"],
        )


async def test_one_sees_ones_own_escrows_page_by_page(client, house):
    made = []
    for number in range(5):
        made.append(await house.open(some_terms(f"page {number}")))
        house.clock.advance(DAY / 24)

    first = (await get(client, house, BUYER, "/v1/escrows?limit=2")).json()
    second = (
        await get(client, house, BUYER, f"/v1/escrows?limit=2&cursor={first['next_cursor']}")
    ).json()
    of_deal = (
        await get(client, house, SELLER, f"/v1/escrows?deal_id={derive_id('ofr', 'page 3')}")
    ).json()

    seen = [one["escrow_id"] for one in first["data"] + second["data"]]
    assert seen == made[:0:-1]
    assert [one["escrow_id"] for one in of_deal["data"]] == [made[3]]
    assert (await get(client, house, STRANGER, "/v1/escrows")).json()["data"] == []
    forged = await get(client, house, SELLER, f"/v1/escrows?cursor={first['next_cursor']}")
    assert (forged.status_code, forged.json()["code"]) == (422, "cursor_invalid")


async def test_strangers_find_nothing_and_administrators_may_read(client, house):
    escrow_id = await house.delivered()
    path = f"/v1/escrows/{escrow_id}"

    answers = [await get(client, house, STRANGER, p) for p in (path, f"{path}/preview")]
    for act in ("confirm", "refund", "cancel", "payment-link", "surplus-refund"):
        answers.append(await post(client, house, STRANGER, f"{path}/{act}"))
    answers.append(await post(client, house, STRANGER, f"{path}/deliveries", DELIVERY))
    answers.append(await post(client, house, STRANGER, f"{path}/confirm", **{"If-Match": '"1"'}))
    answers.append(await get(client, house, BUYER, f"/v1/escrows/{derive_id('esc', 'none')}"))

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "not_found")}
    assert (await get(client, house, ADMIN, path)).status_code == 200
    assert (await post(client, house, ADMIN, f"{path}/confirm")).status_code == 404
    assert (await house.escrow(escrow_id)).state == "DELIVERED"


@pytest.mark.parametrize(
    ("act", "who", "state", "code", "words"),
    [
        ("confirm", BUYER, "funded", "wrong_state", "Cannot release: this escrow is FUNDS_HELD."),
        ("cancel", BUYER, "funded", "wrong_state", "Cannot cancel: this escrow is FUNDS_HELD."),
        ("refund", SELLER, "open", "wrong_state", "Cannot refund: this escrow is AWAIT_FUNDS."),
        ("payment-link", BUYER, "funded", "nothing_to_pay", "FUNDS_HELD"),
        ("surplus-refund", BUYER, "funded", "no_surplus", "Nothing was paid beyond"),
    ],
)
async def test_a_wrong_state_is_named_with_the_next_step(
    client, house, act, who, state, code, words
):
    escrow_id = await getattr(house, state)()
    before = await house.escrow(escrow_id)

    answer = await post(client, house, who, f"/v1/escrows/{escrow_id}/{act}")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in problem["detail"]
    assert problem["next_action"]
    assert await house.escrow(escrow_id) == before


async def test_the_wrong_party_is_told_whose_it_is(client, house):
    escrow_id = await house.delivered()

    answer = await post(client, house, SELLER, f"/v1/escrows/{escrow_id}/confirm")

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_party")
    assert "for the buyer" in answer.json()["detail"]


async def test_a_seller_who_cannot_be_paid_is_told_what_to_do(client, house):
    escrow_id = await house.open()
    await house.pay(escrow_id)
    path = f"/v1/escrows/{escrow_id}/deliveries"

    refused = await post(client, house, SELLER, path, DELIVERY)
    account = await post(client, house, SELLER, "/v1/payout-accounts/onboarding-link")
    begun = (await get(client, house, SELLER, "/v1/payout-accounts/me")).json()
    [account_id] = house.rail.accounts
    house.rail.onboard(account_id)
    accepted = await post(client, house, SELLER, path, DELIVERY)
    ready = (await get(client, house, SELLER, "/v1/payout-accounts/me")).json()

    assert (refused.status_code, refused.json()["code"]) == (409, "payout_account_missing")
    assert "onboarding-link" in refused.json()["next_action"]
    assert (account.status_code, accepted.status_code) == (201, 201)
    assert (begun["begun"], begun["ready"]) == (True, False)
    assert (ready["ready"], ready["next_action"]) == (True, "")


async def test_what_moves_money_needs_a_key_and_the_same_key_has_one_effect(client, house):
    escrow_id = await house.delivered()
    path = f"/v1/escrows/{escrow_id}/confirm"
    headers = as_person(BUYER, house.clock)

    missing = await client.post(
        path, headers={name: value for name, value in headers.items() if name != "Idempotency-Key"}
    )
    first, again = [await client.post(path, headers=headers) for _ in range(2)]
    other = await client.post(f"/v1/escrows/{escrow_id}/cancel", headers=headers)
    await house.due()

    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)


async def test_who_saw_an_older_version_is_refused(client, house):
    escrow_id = await house.funded()
    path = f"/v1/escrows/{escrow_id}"
    seen = (await get(client, house, SELLER, path)).headers["etag"]
    await house.deliver(escrow_id)

    late = await post(client, house, SELLER, f"{path}/refund", **{"If-Match": seen})
    malformed = await post(client, house, SELLER, f"{path}/refund", **{"If-Match": "7"})

    assert (late.status_code, late.json()["code"]) == (412, "version_moved")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "if_match_malformed")
    assert (await house.escrow(escrow_id)).state == "DELIVERED"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body/title"),
        ({"title": ""}, "/body/title"),
        ({"title": " "}, "/body/title"),
        ({"title": "a" * 256}, "/body/title"),
        ({"title": 7}, "/body/title"),
        ({"title": "a\u0000b"}, "/body/title"),
        ({"title": "ok", "description": "a" * 2001}, "/body/description"),
        ({"title": "ok", "more": 1}, "/body/more"),
        ({"title": "ok", "escrow_id": "esc_1"}, "/body/escrow_id"),
        ({"title": "ok", "evidence": [{"kind": "virus", "text": "x"}]}, "/body/evidence/0/kind"),
        ({"title": "ok", "evidence": [{"kind": "note", "text": ""}]}, "/body/evidence/0/text"),
        ({"title": "ok", "evidence": [{"kind": "note", "text": "x"}] * 11}, "/body/evidence"),
        (
            {"title": "ok", "evidence": [{"kind": "file", "text": "x", "sha256": "zz"}]},
            "/body/evidence/0/sha256",
        ),
    ],
)
async def test_a_field_that_does_not_fit_is_named_and_changes_nothing(client, house, body, pointer):
    escrow_id = await house.funded()
    before = await house.escrow(escrow_id)

    answer = await post(client, house, SELLER, f"/v1/escrows/{escrow_id}/deliveries", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await house.escrow(escrow_id) == before


async def test_without_a_login_nothing_is_told(client, house):
    escrow_id = await house.open()

    for path in (f"/v1/escrows/{escrow_id}", "/v1/escrows", "/v1/admin/ledger"):
        assert (await client.get(path)).status_code == 401
    assert (await client.post(f"/v1/escrows/{escrow_id}/cancel")).status_code == 401


async def test_the_suspended_and_the_under_tiered_do_nothing(client, house):
    escrow_id = await house.delivered()
    await house.database.pool.execute(
        "INSERT INTO principals (user_id, tier, suspended) VALUES ($1, 'TIER_1', true),"
        " ($2, 'TIER_0', false)",
        BUYER,
        SELLER,
    )
    path = f"/v1/escrows/{escrow_id}"

    confirm = await post(client, house, BUYER, f"{path}/confirm")
    refund = await post(client, house, SELLER, f"{path}/refund")
    onboarding = await post(client, house, SELLER, "/v1/payout-accounts/onboarding-link")

    assert [one.json()["code"] for one in (confirm, refund, onboarding)] == [
        "unauthenticated",  # identity ends a suspended person's logins
        "tier_too_low",
        "tier_too_low",
    ]
    assert (await house.escrow(escrow_id)).state == "DELIVERED"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/return-pages/paid",
        "/v1/return-pages/left",
        "/v1/return-pages/onboarded",
        "/v1/return-pages/link-expired",
    ],
)
async def test_who_comes_back_from_the_provider_is_told_what_happens_next(client, path):
    answer = await client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text


async def test_a_provider_that_is_away_is_a_refusal_that_can_be_retried(client, house):
    escrow_id = await house.open()
    house.rail.fail("look_up_payment", "down")

    answer = await post(client, house, BUYER, f"/v1/escrows/{escrow_id}/payment-link")

    assert (answer.status_code, answer.json()["retryable"]) == (503, True)


def a_webhook(house: House, body: dict, secret: str = "whsec_test", skew_s: int = 0):
    raw = json.dumps(body).encode()
    at = int(house.clock.now().timestamp()) + skew_s
    mark = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"content": raw, "headers": {"Stripe-Signature": f"t={at},v1={mark}"}}


EVENT = {"id": "evt_1", "type": "account.updated", "data": {"object": {"id": "acct_unknown"}}}


@pytest.fixture
async def stripe_client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    """The service with the real rail, whose webhooks are really signed."""
    async with running(house.database, database_url, None) as made:
        yield made


@pytest.mark.fault("W4")
@pytest.mark.parametrize(("skew_s", "status"), [(-301, 400), (301, 400), (-299, 200), (299, 200)])
async def test_a_webhook_is_taken_within_300_seconds_either_way(
    stripe_client, house, skew_s, status
):
    answer = await stripe_client.post(
        "/v1/webhooks/stripe", **a_webhook(house, EVENT, skew_s=skew_s)
    )

    assert answer.status_code == status
    kept = await house.database.value("SELECT count(*) FROM webhooks")
    assert kept == (1 if status == 200 else 0)


@pytest.mark.abuse("W3")
async def test_a_webhook_is_kept_raw_and_once(stripe_client, house):
    sent = a_webhook(house, EVENT)

    answers = await asyncio.gather(
        *(stripe_client.post("/v1/webhooks/stripe", **sent) for _ in range(10))
    )

    assert {one.status_code for one in answers} == {200}
    [row] = await house.database.rows("SELECT provider, event_id, body FROM webhooks")
    assert (row["provider"], row["event_id"], row["body"]) == ("STRIPE", "evt_1", sent["content"])
    assert (
        await house.database.value("SELECT count(*) FROM timers WHERE kind = 'webhook.apply'") == 1
    )


@pytest.mark.abuse("W1")
async def test_a_forged_webhook_leaves_no_trace(stripe_client, house):
    forged = [
        a_webhook(house, EVENT, secret="whsec_other"),
        {"content": json.dumps(EVENT).encode()},
        {"content": b"x" * (256 * 1024 + 1)},
    ]

    answers = [await stripe_client.post("/v1/webhooks/stripe", **one) for one in forged]

    assert [one.status_code for one in answers] == [400, 400, 413]
    assert await house.database.value("SELECT count(*) FROM webhooks") == 0


async def test_a_signed_webhook_that_cannot_be_read_asks_to_be_sent_again(stripe_client, house):
    answer = await stripe_client.post("/v1/webhooks/stripe", **a_webhook(house, {"id": "evt_1"}))

    assert (answer.status_code, answer.json()["retryable"]) == (503, True)


async def test_without_a_secret_there_is_no_webhook(house, database_url):
    async with running(house.database, database_url, None, stripe_webhook_secret="") as client:
        answer = await client.post("/v1/webhooks/stripe", **a_webhook(house, EVENT, secret=""))

    assert answer.status_code == 404
