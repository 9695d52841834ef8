"""Idempotency keys, as Stripe keeps them."""

import asyncio

import pytest
import stripe
from stripe_harness import SELLER_GETS, Harness, a_client

INTENT = {"amount": "500", "currency": "usd", "metadata[escrow_id]": "esc_1"}
PATH = "/v1/payment_intents"


async def intents(harness: Harness) -> int:
    return len((await harness.look("stripe/objects/payment_intent"))["data"])


async def test_the_same_key_and_parameters_replay_the_first_answer(harness: Harness) -> None:
    first = await harness.raw("POST", PATH, INTENT, **{"Idempotency-Key": "k"})
    made = await first.json()
    # The object moves on; the replayed answer shows it as it was.
    await harness.control(f"stripe/payment_intents/{made['id']}/pay")
    again = await harness.raw("POST", PATH, INTENT, **{"Idempotency-Key": "k"})
    assert await again.json() == made
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.headers
    assert await intents(harness) == 1


async def test_the_same_key_with_other_parameters_or_endpoint_is_an_idempotency_error(
    harness: Harness,
) -> None:
    await harness.raw("POST", PATH, INTENT, **{"Idempotency-Key": "k"})
    other = await harness.raw("POST", PATH, {**INTENT, "amount": "600"}, **{"Idempotency-Key": "k"})
    assert other.status == 400
    assert (await other.json())["error"]["type"] == "idempotency_error"
    elsewhere = await harness.raw("POST", "/v1/customers", {}, **{"Idempotency-Key": "k"})
    assert (await elsewhere.json())["error"]["type"] == "idempotency_error"
    assert await intents(harness) == 1


async def test_a_key_in_flight_is_refused_with_409(harness: Harness) -> None:
    await harness.fault("delay", f"POST {PATH}", delay_s=0.5)
    headers = {"Idempotency-Key": "k"}
    slow = asyncio.create_task(harness.raw("POST", PATH, INTENT, **headers))
    await harness.until_taken()
    refused = await harness.raw("POST", PATH, INTENT, **headers)
    assert refused.status == 409
    assert (await refused.json())["error"]["code"] == "idempotency_key_in_use"
    assert refused.headers["Stripe-Should-Retry"] == "true"
    assert (await slow).status == 200
    assert (await harness.raw("POST", PATH, INTENT, **headers)).headers["Idempotent-Replayed"]
    assert await intents(harness) == 1


@pytest.mark.fault("S4")
async def test_a_saved_500_is_replayed_although_the_effect_took_place(harness: Harness) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge()
    await harness.fault("status_after", "POST /v1/transfers")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            await harness.transfer(charge, seller, key="escrow:esc_1:release:1")
        assert failed.value.http_status == 500
    assert failed.value.headers is not None
    assert failed.value.headers["Idempotent-Replayed"] == "true"
    found = await harness.client.v1.transfers.list_async({"transfer_group": "esc_1"})
    assert [one.amount for one in found.data] == [SELLER_GETS]


@pytest.mark.fault("S3")
async def test_a_key_is_forgotten_after_24_hours(harness: Harness) -> None:
    headers = {"Idempotency-Key": "k"}
    await harness.raw("POST", PATH, INTENT, **headers)
    harness.clock.move(24 * 3600 - 60)
    assert (await harness.raw("POST", PATH, INTENT, **headers)).headers["Idempotent-Replayed"]
    harness.clock.move(120)
    fresh = await harness.raw("POST", PATH, INTENT, **headers)
    assert "Idempotent-Replayed" not in fresh.headers
    assert await intents(harness) == 2


async def test_a_refusal_before_the_work_began_is_not_saved(harness: Harness) -> None:
    headers = {"Idempotency-Key": "k"}
    wrong = await harness.raw("POST", PATH, {**INTENT, "colour": "red"}, **headers)
    assert wrong.status == 400
    assert (await harness.raw("POST", PATH, INTENT, **headers)).status == 200


async def test_a_refusal_of_the_work_itself_is_saved(harness: Harness) -> None:
    seller = await harness.seller()
    params = {"amount": 1_000, "currency": "usd", "destination": seller}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await harness.client.v1.transfers.create_async(params, {"idempotency_key": "k"})
        assert refused.value.code == "balance_insufficient"
        await harness.paid_charge(card="pm_card_bypassPending")


async def test_a_key_longer_than_255_characters_is_refused(harness: Harness) -> None:
    long = await harness.raw("POST", PATH, INTENT, **{"Idempotency-Key": "k" * 256})
    assert long.status == 400
    fits = await harness.raw("POST", PATH, INTENT, **{"Idempotency-Key": "k" * 255})
    assert fits.status == 200


@pytest.mark.fault("S2")
async def test_a_swallowed_reply_is_made_good_by_the_clients_own_retry(harness: Harness) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge()
    await harness.fault("drop_reply", "POST /v1/transfers")
    patient = a_client(harness.base, retries=2)
    transfer = await patient.v1.transfers.create_async(
        {
            "amount": SELLER_GETS,
            "currency": "usd",
            "destination": seller,
            "source_transaction": charge,
        },
        {"idempotency_key": "k"},
    )
    assert transfer.amount == SELLER_GETS
    assert len((await harness.look("stripe/objects/transfer"))["data"]) == 1


@pytest.mark.fault("S5")
async def test_an_outage_before_the_effect_is_not_saved(harness: Harness) -> None:
    for status, error in ((429, stripe.RateLimitError), (503, stripe.APIError)):
        await harness.fault("status", f"POST {PATH}", status=status)
        params: dict = {"amount": 500, "currency": "usd"}
        with pytest.raises(error):
            await harness.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})
    await harness.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})
    assert await intents(harness) == 1
