"""Paying: test cards, 3D Secure, holds, cancelling, Checkout's life, failing refunds, disputes."""

import pytest
import stripe
from stripe_harness import PRICE, Harness


def item(amount: int = PRICE) -> dict:
    data = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "A game"}}
    return {"quantity": 1, "price_data": data}


async def an_intent(harness: Harness, **more: object) -> stripe.PaymentIntent:
    params = {"amount": PRICE, "currency": "usd", "transfer_group": "esc_1", **more}
    return await harness.client.v1.payment_intents.create_async(params)


async def a_session(harness: Harness, **more: object) -> stripe.checkout.Session:
    params = {
        "mode": "payment",
        "line_items": [item()],
        "success_url": "https://holdfast.example/paid",
        **more,
    }
    return await harness.client.v1.checkout.sessions.create_async(params)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
async def test_a_declined_card_leaves_the_intent_payable(
    harness: Harness, card: str, code: str, decline_code: str
) -> None:
    intent = await an_intent(harness, allowed_payment_method_types=["card"])
    with pytest.raises(stripe.CardError) as declined:
        await harness.client.v1.payment_intents.confirm_async(intent.id, {"payment_method": card})
    assert declined.value.http_status == 402
    assert declined.value.code == code
    assert declined.value.error.decline_code == decline_code
    failed = await harness.endpoint.until_type("payment_intent.payment_failed")
    assert failed["data"]["object"]["status"] == "requires_payment_method"
    assert failed["data"]["object"]["last_payment_error"]["code"] == code
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["buyer_paid"] == 0

    paid = await harness.control(f"stripe/payment_intents/{intent.id}/pay")
    assert paid["status"] == "succeeded"


async def test_the_payment_page_of_an_intent_asks_again_after_a_decline(harness: Harness) -> None:
    intent = await an_intent(harness)
    url = f"{harness.base}/stripe/pay/{intent.client_secret}"
    async with harness.http.get(url) as page:
        assert "Pay 4,300.00 USD" in await page.text()
    declined = {"payment_method": "pm_card_chargeDeclined"}
    async with harness.http.post(url, data=declined) as page:
        assert page.status == 402
        assert "Your card was declined." in await page.text()
    async with harness.http.post(url, data={"payment_method": "pm_card_visa"}) as page:
        assert "succeeded" in await page.text()
    async with harness.http.post(url, data={"payment_method": "pm_card_visa"}) as page:
        assert page.status == 400
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["buyer_paid"] == PRICE
    async with harness.http.get(f"{harness.base}/stripe/pay/{intent.id}_secret_guess") as page:
        assert page.status == 404


async def test_3d_secure_is_finished_on_its_own_page(harness: Harness) -> None:
    session = await a_session(harness)
    card = {"payment_method": "pm_card_threeDSecure2Required"}
    async with harness.http.post(session.url, data=card) as challenge:
        assert "3D Secure" in await challenge.text()
        address = challenge.url
    event = await harness.endpoint.until_type("payment_intent.requires_action")
    assert event["data"]["object"]["next_action"]["type"] == "redirect_to_url"
    async with harness.http.post(
        address, data={"outcome": "complete"}, allow_redirects=False
    ) as done:
        assert done.headers["Location"] == "https://holdfast.example/paid"
    completed = await harness.endpoint.until_type("checkout.session.completed")
    assert completed["data"]["object"]["payment_status"] == "paid"


async def test_a_failed_3d_secure_leaves_the_intent_payable(harness: Harness) -> None:
    intent = await an_intent(harness, allowed_payment_method_types=["card"])
    asked = await harness.client.v1.payment_intents.confirm_async(
        intent.id, {"payment_method": "pm_card_authenticationRequired"}
    )
    assert asked.status == "requires_action"
    await harness.control(f"stripe/payment_intents/{intent.id}/authenticate", {"outcome": "fail"})
    shown = await harness.client.v1.payment_intents.retrieve_async(intent.id)
    assert shown.status == "requires_payment_method"
    assert shown.last_payment_error.code == "payment_intent_authentication_failure"


async def test_a_held_payment_is_captured_or_released(harness: Harness) -> None:
    params = {"capture_method": "manual", "allowed_payment_method_types": ["card"]}
    params |= {"payment_method": "pm_card_visa", "confirm": True}
    held, dropped = [await an_intent(harness, **params) for _ in range(2)]
    assert (held.status, held.amount_capturable) == ("requires_capture", PRICE)
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["buyer_paid"] == 0
    captured = await harness.client.v1.payment_intents.capture_async(
        held.id, {"amount_to_capture": 100_000}
    )
    assert (captured.status, captured.amount_received) == ("succeeded", 100_000)
    canceled = await harness.client.v1.payment_intents.cancel_async(
        dropped.id, {"cancellation_reason": "abandoned"}
    )
    assert canceled.status == "canceled"
    assert (await harness.look("books"))["transfer_groups"]["esc_1"] == {
        "buyer_paid": 100_000,
        "seller_received": 0,
        "refunded": 0,
        "disputed": 0,
        "fee": 100_000,
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.client.v1.payment_intents.capture_async(dropped.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    await harness.endpoint.until_type("payment_intent.canceled")


async def test_a_paid_intent_is_neither_cancelled_nor_paid_again(harness: Harness) -> None:
    intent = await an_intent(harness)
    await harness.control(f"stripe/payment_intents/{intent.id}/pay")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.client.v1.payment_intents.cancel_async(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError):
        await harness.client.v1.payment_intents.update_async(intent.id, {"amount": 600})
    again = await harness.control(f"stripe/payment_intents/{intent.id}/pay", status=400)
    assert again["code"] == "payment_intent_unexpected_state"


async def test_confirming_on_the_server_needs_a_return_url_unless_only_cards_are_taken(
    harness: Harness,
) -> None:
    intent = await an_intent(harness)
    card = {"payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        await harness.client.v1.payment_intents.confirm_async(intent.id, card)
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        await an_intent(harness, confirm=True, **card)
    assert len((await harness.look("stripe/objects/payment_intent"))["data"]) == 1
    quiet = await an_intent(harness, allowed_payment_method_types=["card"])
    paid = await harness.client.v1.payment_intents.confirm_async(quiet.id, card)
    assert paid.status == "succeeded"
    method = await harness.client.v1.payment_methods.retrieve_async(paid.payment_method)
    assert method.card.last4 == "4242"


async def test_an_expired_checkout_session_cannot_be_paid(harness: Harness) -> None:
    session = await a_session(harness)
    declined = {"payment_method": "pm_card_chargeDeclined"}
    await harness.control(f"stripe/checkout/sessions/{session.id}/pay", declined, status=402)
    expired = await harness.client.v1.checkout.sessions.expire_async(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    await harness.control(f"stripe/checkout/sessions/{session.id}/pay", status=400)
    async with harness.http.get(session.url) as page:
        assert page.status == 400
    intent = await harness.client.v1.payment_intents.retrieve_async(
        expired_intent(await harness.look("stripe/objects/checkout.session"))
    )
    assert intent.status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        await harness.client.v1.checkout.sessions.expire_async(session.id)


def expired_intent(objects: dict) -> str:
    return objects["data"][0]["payment_intent"]


async def test_a_checkout_session_expires_by_itself_after_its_time(harness: Harness) -> None:
    moment = harness.clock.timestamp() + 1800
    session = await a_session(harness, expires_at=moment)
    harness.clock.move(1801)
    event = await harness.endpoint.until_type("checkout.session.expired")
    assert event["data"]["object"]["id"] == session.id
    listed = await harness.client.v1.checkout.sessions.list_async()
    assert [one.status for one in listed.data] == ["expired"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "subscription"},
        {"line_items": []},
        {"line_items": [{"price": "price_1", "quantity": 1}]},
        {"line_items": [item(10)]},
        {"line_items": [{**item(), "quantity": 0}]},
        {"success_url": "/paid"},
        {"expires_at": 1},
        {"expires_at": 9_999_999_999},
        {"customer": "cus_nobody"},
        {"payment_intent_data": {"transfer_data": {"destination": "acct_1"}}},
        {"payment_intent_data": {"metadata": {"k" * 41: "x"}}},
        {"line_items": [item(), {"price_data": {**item()["price_data"], "currency": "eur"}}]},
    ],
)
async def test_a_checkout_session_that_cannot_be_is_refused_and_not_made(
    harness: Harness, wrong: dict
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await a_session(harness, **wrong)
    assert (await harness.look("stripe/objects/checkout.session"))["data"] == []


async def test_an_intent_made_by_checkout_is_cancelled_through_its_session_only(
    harness: Harness,
) -> None:
    session = await a_session(harness)
    card = {"payment_method": "pm_card_chargeDeclined"}
    await harness.control(f"stripe/checkout/sessions/{session.id}/pay", card, status=402)
    shown = await harness.client.v1.checkout.sessions.retrieve_async(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="Expire the Checkout Session"):
        await harness.client.v1.payment_intents.cancel_async(shown.payment_intent)


async def test_a_refund_that_the_bank_sends_back_fails_later(harness: Harness) -> None:
    charge = await harness.paid_charge(card="pm_card_refundFail")
    refund = await harness.client.v1.refunds.create_async({"charge": charge, "amount": 1_000})
    assert refund.status == "succeeded"
    harness.clock.move(2)
    await harness.endpoint.until_type("refund.failed")
    assert (await harness.client.v1.refunds.retrieve_async(refund.id)).status == "failed"
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["refunded"] == 0


async def test_a_refund_is_never_more_than_what_is_left(harness: Harness) -> None:
    charge = await harness.paid_charge()
    await harness.client.v1.refunds.create_async({"charge": charge, "amount": PRICE - 100})
    for wrong in ({"amount": 101}, {"amount": 0}, {"amount": 50, "reverse_transfer": True}):
        with pytest.raises(stripe.InvalidRequestError):
            await harness.client.v1.refunds.create_async({"charge": charge, **wrong})
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["refunded"] == PRICE - 100


async def test_a_dispute_takes_the_money_and_a_fee_until_it_is_won(harness: Harness) -> None:
    charge = await harness.paid_charge()
    dispute = await harness.control(
        "stripe/disputes", {"charge": charge, "reason": "product_not_received"}
    )
    created = await harness.endpoint.until_type("charge.dispute.created")
    assert created["data"]["object"]["status"] == "needs_response"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.client.v1.refunds.create_async({"charge": charge})
    assert refused.value.code == "charge_disputed"
    assert (await harness.look("books"))["transfer_groups"]["esc_1"]["disputed"] == PRICE
    answered = await harness.client.v1.disputes.update_async(
        dispute["id"], {"evidence": {"uncategorized_text": "It was delivered."}, "submit": True}
    )
    assert answered.status == "under_review"
    await harness.control(f"stripe/disputes/{dispute['id']}/close", {"outcome": "won"})
    await harness.endpoint.until_type("charge.dispute.funds_reinstated")
    balance = await harness.client.v1.balance.retrieve_async()
    assert balance.available[0].amount == -1_500
    await harness.control(f"stripe/disputes/{dispute['id']}/close", {"outcome": "lost"}, status=400)


async def test_a_card_can_be_disputed_at_once_and_a_dispute_given_up(harness: Harness) -> None:
    charge = await harness.paid_charge(card="pm_card_createDispute")
    found = await harness.client.v1.disputes.list_async({"charge": charge})
    closed = await harness.client.v1.disputes.close_async(found.data[0].id)
    assert closed.status == "lost"
    await harness.endpoint.until_type("charge.dispute.closed")
    wrong = {"charge": charge, "reason": "boredom"}
    await harness.control("stripe/disputes", wrong, status=400)


async def test_a_restricted_account_receives_nothing_until_it_answers(harness: Harness) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge()
    await harness.control(f"stripe/accounts/{seller}/restrict")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.transfer(charge, seller)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    await harness.control(f"stripe/accounts/{seller}/onboard")
    assert (await harness.transfer(charge, seller, key="second")).amount == 417_500


async def test_a_charge_has_no_fee_until_its_capture_is_complete(harness: Harness) -> None:
    intent = await an_intent(harness)
    paid = await harness.control(f"stripe/payment_intents/{intent.id}/pay")
    assert intent.capture_method == "automatic_async"
    early = await harness.endpoint.until_type("charge.succeeded")
    assert early["data"]["object"]["captured"]
    assert early["data"]["object"]["balance_transaction"] is None
    await harness.endpoint.until_type("payment_intent.succeeded")

    charge = await harness.captured(paid["latest_charge"])

    told = await harness.endpoint.until_type("charge.updated")
    assert told["data"]["object"]["balance_transaction"] == charge.balance_transaction
    assert told["data"]["previous_attributes"] == {"balance_transaction": None}
    assert charge.balance_transaction.startswith("txn_")
    harness.clock.move(60)
    await harness.client.v1.charges.retrieve_async(charge.id)
    assert len((await harness.client.v1.events.list_async({"type": "charge.updated"})).data) == 1


async def test_a_capture_is_not_put_off_where_the_shop_asks_for_it_at_once(
    harness: Harness,
) -> None:
    intent = await an_intent(harness, capture_method="automatic")
    paid = await harness.control(f"stripe/payment_intents/{intent.id}/pay")
    charge = await harness.client.v1.charges.retrieve_async(paid["latest_charge"])
    assert charge.balance_transaction.startswith("txn_")


async def test_money_leaves_a_charge_only_once_it_has_come(harness: Harness) -> None:
    """A refund at once: the capture is completed before it, and the books come out even."""
    intent = await an_intent(harness)
    paid = await harness.control(f"stripe/payment_intents/{intent.id}/pay")
    await harness.client.v1.refunds.create_async({"charge": paid["latest_charge"]})
    listed = await harness.client.v1.balance_transactions.list_async()
    assert [one.type for one in listed.data] == ["refund", "charge"]
    harness.clock.move(60)
    listed = await harness.client.v1.balance_transactions.list_async()
    assert sum(one.net for one in listed.data) == -12_500
    assert len(listed.data) == 2
