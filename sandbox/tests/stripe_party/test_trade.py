"""The path of a trade's money: onboard, pay, be told, pay out, hold the books."""

import pytest
import stripe
from stripe_harness import PRICE, SELLER_GETS, Harness


async def test_an_account_is_payable_once_its_owner_has_been_through_the_onboarding_page(
    harness: Harness,
) -> None:
    account = await harness.client.v1.accounts.create_async(
        {
            "type": "express",
            "country": "US",
            "email": "seller@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"user_id": "usr_1"},
        },
        {"idempotency_key": "account:usr_1"},
    )
    assert not account.details_submitted
    assert account.capabilities.transfers == "inactive"
    link = await harness.client.v1.account_links.create_async(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "https://holdfast.example/refresh",
            "return_url": "https://holdfast.example/return",
        }
    )
    async with harness.http.get(link.url) as page:
        assert page.status == 200
        assert "<form" in await page.text()
    async with harness.http.post(link.url, allow_redirects=False) as done:
        assert done.headers["Location"] == "https://holdfast.example/return"

    ready = await harness.client.v1.accounts.retrieve_async(account.id)
    assert ready.payouts_enabled
    assert ready.charges_enabled
    assert ready.details_submitted
    assert ready.capabilities.transfers == "active"
    event = await harness.endpoint.until_type("account.updated")
    assert event["account"] == account.id


async def test_an_onboarding_link_works_once_and_for_five_minutes(harness: Harness) -> None:
    account = await harness.client.v1.accounts.create_async({"type": "express"})
    params = {
        "account": account.id,
        "type": "account_onboarding",
        "refresh_url": "https://holdfast.example/refresh",
        "return_url": "https://holdfast.example/return",
    }
    visited = await harness.client.v1.account_links.create_async(params)
    (await harness.http.get(visited.url)).close()
    late = await harness.client.v1.account_links.create_async(params)
    harness.clock.move(301)
    for link in (visited, late):
        async with harness.http.get(link.url, allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == "https://holdfast.example/refresh"


async def test_a_buyer_pays_on_the_checkout_page_and_the_shop_is_told(harness: Harness) -> None:
    session = await harness.client.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": PRICE,
                        "product_data": {"name": "A Roblox game"},
                    },
                }
            ],
            "payment_intent_data": {
                "transfer_group": "esc_1",
                "metadata": {"escrow_id": "esc_1"},
            },
            "metadata": {"escrow_id": "esc_1"},
            "client_reference_id": "esc_1",
            "success_url": "https://holdfast.example/paid?s={CHECKOUT_SESSION_ID}",
        },
        {"idempotency_key": "escrow:esc_1:open:1"},
    )
    assert session.payment_intent is None
    assert session.payment_status == "unpaid"
    async with harness.http.get(session.url) as page:
        assert "4,300.00 USD" in await page.text()
    card = {"payment_method": "pm_card_visa"}
    async with harness.http.post(session.url, data=card, allow_redirects=False) as paid:
        assert paid.headers["Location"] == f"https://holdfast.example/paid?s={session.id}"

    completed = await harness.endpoint.until_type("checkout.session.completed")
    succeeded = await harness.endpoint.until_type("payment_intent.succeeded")
    assert completed["data"]["object"]["payment_status"] == "paid"
    assert completed["data"]["object"]["metadata"] == {"escrow_id": "esc_1"}
    intent = succeeded["data"]["object"]
    assert completed["data"]["object"]["payment_intent"] == intent["id"]
    assert intent["transfer_group"] == "esc_1"
    assert intent["metadata"] == {"escrow_id": "esc_1"}
    assert intent["amount_received"] == PRICE
    await harness.captured(intent["latest_charge"])
    shown = await harness.client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert shown.line_items.data[0].amount_total == PRICE
    assert shown.payment_intent.latest_charge.balance_transaction.fee == 12_500


async def test_the_books_show_who_paid_and_who_received_to_the_cent(harness: Harness) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge("esc_1")
    transfer = await harness.transfer(charge, seller)
    assert transfer.transfer_group == "esc_1"
    assert transfer.source_transaction == charge
    await harness.endpoint.until_type("transfer.created")

    books = await harness.look("books")
    assert books["transfer_groups"]["esc_1"] == {
        "buyer_paid": 430_000,
        "seller_received": 417_500,
        "refunded": 0,
        "disputed": 0,
        "fee": 12_500,
    }
    pending = {account: sums["pending"]["usd"] for account, sums in books["balances"].items()}
    assert pending == {"platform": 0, seller: SELLER_GETS}


async def test_money_is_available_two_days_later(harness: Harness) -> None:
    await harness.paid_charge()
    before = await harness.client.v1.balance.retrieve_async()
    harness.clock.move(2 * 24 * 3600)
    after = await harness.client.v1.balance.retrieve_async()
    assert [(b.available[0].amount, b.pending[0].amount) for b in (before, after)] == [
        (0, SELLER_GETS),
        (SELLER_GETS, 0),
    ]


async def test_a_transfer_without_a_source_needs_an_available_balance(harness: Harness) -> None:
    seller = await harness.seller()
    await harness.paid_charge()
    params = {"amount": 1_000, "currency": "usd", "destination": seller}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.client.v1.transfers.create_async(params)
    assert refused.value.code == "balance_insufficient"
    await harness.paid_charge(card="pm_card_bypassPending")
    assert (await harness.client.v1.transfers.create_async(params)).amount == 1_000


async def test_a_transfer_to_an_account_that_has_not_onboarded_is_refused(harness: Harness) -> None:
    charge = await harness.paid_charge()
    account = await harness.client.v1.accounts.create_async(
        {"type": "express", "capabilities": {"transfers": {"requested": True}}}
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.transfer(charge, account.id)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        await harness.transfer(charge, "acct_nobody", key="t2")
    assert unknown.value.code == "resource_missing"
    assert (await harness.look("stripe/objects/transfer"))["data"] == []


async def test_no_more_than_the_charge_is_transferred_from_it(harness: Harness) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge()
    await harness.transfer(charge, seller)
    with pytest.raises(stripe.InvalidRequestError, match="must not exceed the source amount"):
        await harness.transfer(charge, seller, PRICE - SELLER_GETS + 1, key="t2")


async def test_a_transfer_is_reversed_only_while_its_account_has_the_money(
    harness: Harness,
) -> None:
    seller = await harness.seller()
    charge = await harness.paid_charge()
    transfer = await harness.transfer(charge, seller)
    part = await harness.client.v1.transfers.reversals.create_async(transfer.id, {"amount": 7_500})
    assert part.amount == 7_500
    await harness.control(f"stripe/accounts/{seller}/payout")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await harness.client.v1.transfers.reversals.create_async(transfer.id)
    assert refused.value.code == "balance_insufficient"
    shown = await harness.client.v1.transfers.retrieve_async(transfer.id)
    assert (shown.amount_reversed, shown.reversed) == (7_500, False)
    group = (await harness.look("books"))["transfer_groups"]["esc_1"]
    assert group["seller_received"] == 410_000
    await harness.endpoint.until_type("transfer.reversed")


async def test_a_refund_gives_the_buyer_the_whole_price_back(harness: Harness) -> None:
    charge = await harness.paid_charge("esc_1")
    found = await harness.client.v1.charges.retrieve_async(charge)
    refund = await harness.client.v1.refunds.create_async(
        {
            "payment_intent": found.payment_intent,
            "reason": "requested_by_customer",
            "metadata": {"escrow_id": "esc_1"},
        },
        {"idempotency_key": "escrow:esc_1:refund:1"},
    )
    assert (refund.status, refund.amount) == ("succeeded", PRICE)
    event = await harness.endpoint.until_type("charge.refunded")
    assert event["data"]["object"]["amount_refunded"] == PRICE
    group = (await harness.look("books"))["transfer_groups"]["esc_1"]
    assert (group["buyer_paid"], group["refunded"], group["fee"]) == (PRICE, PRICE, 0)
    with pytest.raises(stripe.InvalidRequestError) as again:
        await harness.client.v1.refunds.create_async({"charge": charge})
    assert again.value.code == "charge_already_refunded"
