"""What a stranger's client meets beside the path of a trade."""

import json
from collections.abc import Awaitable

import pytest
import stripe
from aiohttp import web
from stripe_harness import PRICE, Harness, served

SHOP = "https://holdfast.example"


async def refused(call: Awaitable[object]) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as error:
        await call
    return error.value


async def a_session(harness: Harness, **more: object) -> stripe.checkout.Session:
    price = {"currency": "usd", "unit_amount": PRICE, "product_data": {"name": "A game"}}
    params = {"mode": "payment", "line_items": [{"quantity": 1, "price_data": price}], **more}
    return await harness.client.v1.checkout.sessions.create_async(params)


async def test_events_are_found_by_a_pattern(harness: Harness) -> None:
    await harness.paid_charge()
    listed = await harness.client.v1.events.list_async({"type": "charge.*"})
    assert [one.type for one in listed.data] == ["charge.updated", "charge.succeeded"]
    both = {"type": "charge.*", "types": ["charge.updated"]}
    assert (await refused(harness.client.v1.events.list_async(both))).param == "types"


@pytest.mark.parametrize("path", ["/v1/charges/search", "/v1/customers/search", "/v1/nothing"])
async def test_what_is_not_played_is_no_url_of_stripe(harness: Harness, path: str) -> None:
    response = await harness.raw("GET", f"{path}?query=x")
    said = (await response.json())["error"]
    assert response.status == 404
    assert said["message"].startswith(f"Unrecognized request URL (GET: {path})")
    assert said["type"] == "invalid_request_error"


async def test_the_refunds_of_a_charge_are_where_it_says(harness: Harness) -> None:
    charge = await harness.paid_charge()
    for amount in (100, 200, 300):
        await harness.client.v1.refunds.create_async({"charge": charge, "amount": amount})
    shown = await harness.client.v1.charges.retrieve_async(charge, {"expand": ["refunds"]})
    response = await harness.raw("GET", f"{shown.refunds.url}?limit=2")
    page = await response.json()
    assert [one["amount"] for one in page["data"]] == [300, 200]
    assert (page["has_more"], page["url"]) == (True, shown.refunds.url)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("2026-10-28.endive", 200),
        ("2099-01-01.endive", 400),
        ("2099-01-01", 400),
        ("2024-06-20", 400),
        ("yesterday", 400),
    ],
)
async def test_only_a_version_that_is_played_is_spoken(
    harness: Harness, version: str, status: int
) -> None:
    response = await harness.raw("GET", "/v1/charges", **{"Stripe-Version": version})
    assert response.status == status
    if status == 400:
        said = (await response.json())["error"]
        assert said["message"] == f"Invalid Stripe API version: {version}"


async def test_a_list_goes_one_way_only(harness: Harness) -> None:
    charge = await harness.paid_charge()
    both = {"starting_after": charge, "ending_before": charge}
    error = await refused(harness.client.v1.charges.list_async(both))
    assert "Please pass in only one" in str(error)


async def test_a_customer_is_changed_and_deleted_for_good(harness: Harness) -> None:
    customers = harness.client.v1.customers
    made = await customers.create_async({"name": "A", "metadata": {"a": "1", "b": "2"}})
    changed = await customers.update_async(made.id, {"name": "B", "metadata": {"a": "", "c": "3"}})
    assert (changed.name, changed.metadata.to_dict()) == ("B", {"b": "2", "c": "3"})
    told = await harness.endpoint.until_type("customer.updated")
    assert told["data"]["previous_attributes"]["name"] == "A"
    assert [one.id for one in (await customers.list_async()).data] == [made.id]

    assert (await customers.delete_async(made.id)).deleted
    await harness.endpoint.until_type("customer.deleted")
    assert (await customers.retrieve_async(made.id)).deleted
    assert (await customers.list_async()).data == []
    for call in (customers.update_async(made.id, {"name": "C"}), customers.delete_async(made.id)):
        assert (await refused(call)).code == "resource_missing"
    intent = {"amount": PRICE, "currency": "usd", "customer": made.id}
    error = await refused(harness.client.v1.payment_intents.create_async(intent))
    assert (error.code, error.param) == ("resource_missing", "customer")


async def test_the_notes_of_a_refund_and_a_reversal_can_be_changed(harness: Harness) -> None:
    v1 = harness.client.v1
    charge, seller = await harness.paid_charge(), await harness.seller()
    refund = await v1.refunds.create_async({"charge": charge, "amount": 100})
    refund = await v1.refunds.update_async(refund.id, {"metadata": {"why": "late"}})
    assert refund.metadata["why"] == "late"
    told = await harness.endpoint.until_type("refund.updated")
    assert told["data"]["object"]["metadata"] == {"why": "late"}
    transfer = await harness.transfer(charge, seller)
    reversal = await v1.transfers.reversals.create_async(transfer.id, {"amount": 100})
    params = {"metadata": {"why": "wrong"}}
    await v1.transfers.reversals.update_async(transfer.id, reversal.id, params)
    shown = await v1.transfers.reversals.retrieve_async(transfer.id, reversal.id)
    assert shown.metadata["why"] == "wrong"


@pytest.mark.parametrize(
    ("evidence", "status"),
    [("winning_evidence", "won"), ("losing_evidence", "lost"), ("A letter.", "under_review")],
)
async def test_evidence_in_the_words_for_tests_decides_a_dispute(
    harness: Harness, evidence: str, status: str
) -> None:
    charge = await harness.paid_charge()
    dispute = await harness.control("stripe/disputes", {"charge": charge})
    params = {"evidence": {"uncategorized_text": evidence}}
    draft = await harness.client.v1.disputes.update_async(
        dispute["id"], {**params, "submit": False}
    )
    assert draft.status == "needs_response"
    sent = await harness.client.v1.disputes.update_async(dispute["id"], params)
    assert sent.status == "under_review"
    harness.clock.move(2)
    assert (await harness.client.v1.disputes.retrieve_async(dispute["id"])).status == status


async def test_a_registered_endpoint_gets_what_it_asked_for_signed_by_its_own_secret(
    harness: Harness,
) -> None:
    heard: list[stripe.Event] = []
    secret = ""

    async def receive(request: web.Request) -> web.Response:
        signature = request.headers["Stripe-Signature"]
        heard.append(stripe.Webhook.construct_event(await request.read(), signature, secret))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    hooks = harness.client.v1.webhook_endpoints
    async with served(app) as url:
        asked = {"url": f"{url}/hook", "enabled_events": ["customer.created"]}
        made = await hooks.create_async(asked)
        secret = made.secret
        assert secret.startswith("whsec_")
        for shown in (await hooks.retrieve_async(made.id), (await hooks.list_async()).data[0]):
            assert (shown.id, "secret" in shown) == (made.id, False)
        await harness.client.v1.customers.create_async({"name": "first"})
        await harness.until(lambda: _count(heard), 1)
        await hooks.update_async(made.id, {"disabled": True})
        await harness.client.v1.customers.create_async({"name": "unheard"})
        await hooks.update_async(made.id, {"disabled": False, "enabled_events": ["*"]})
        await harness.client.v1.customers.create_async({"name": "second"})
        await harness.until(lambda: _count(heard), 2)
        assert (await hooks.delete_async(made.id)).deleted
    assert [one.data.object["name"] for one in heard] == ["first", "second"]
    assert (await refused(hooks.retrieve_async(made.id))).code == "resource_missing"
    assert (await hooks.list_async()).data == []
    assert await _deliveries(harness, "customer.created") == 5


async def _count(heard: list[stripe.Event]) -> object:
    return len(heard)


async def _deliveries(harness: Harness, kind: str) -> int:
    every = (await harness.look("stripe/deliveries"))["data"]
    return sum(one["type"] == kind for one in every)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "holdfast.example", "enabled_events": ["*"]},
        {"url": SHOP, "enabled_events": ["*", "charge.updated"]},
        {"url": SHOP},
    ],
)
async def test_an_endpoint_that_cannot_be_is_refused(harness: Harness, wrong: dict) -> None:
    await refused(harness.client.v1.webhook_endpoints.create_async(wrong))
    assert (await harness.client.v1.webhook_endpoints.list_async()).data == []


async def test_a_payment_that_may_not_redirect_needs_no_way_back(harness: Harness) -> None:
    v1 = harness.client.v1.payment_intents
    methods = {"enabled": True, "allow_redirects": "never"}
    asked = {"amount": PRICE, "currency": "usd", "automatic_payment_methods": methods}
    intent = await v1.create_async(asked)
    assert intent.automatic_payment_methods.allow_redirects == "never"
    paid = await v1.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    unknown = {"confirmation_token": "ctoken_1"}
    error = await refused(v1.confirm_async(intent.id, unknown))
    assert (error.param, error.code) == ("confirmation_token", "resource_missing")


async def test_an_account_is_described_by_who_controls_it(harness: Harness) -> None:
    accounts = harness.client.v1.accounts
    controller = {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "stripe_dashboard": {"type": "express"},
    }
    asked = {"controller": controller, "capabilities": {"transfers": {"requested": True}}}
    made = await accounts.create_async(asked)
    assert made.type == "none"
    assert made.controller.stripe_dashboard.type == "express"
    assert made.controller.requirement_collection == "stripe"
    assert (await accounts.create_async({"type": "express"})).controller.fees.payer == (
        "application_express"
    )
    await refused(accounts.create_async({"type": "express", "controller": controller}))
    link = {
        "account": made.id,
        "type": "account_onboarding",
        "refresh_url": SHOP,
        "return_url": SHOP,
        "collection_options": {"fields": "eventually_due"},
    }
    assert (await harness.client.v1.account_links.create_async(link)).url


async def test_a_session_can_be_embedded_in_the_shops_own_page(harness: Harness) -> None:
    embedded = await a_session(harness, ui_mode="embedded_page", return_url=f"{SHOP}/done")
    assert (embedded.url, embedded.return_url) == (None, f"{SHOP}/done")
    assert embedded.client_secret.startswith(f"{embedded.id}_secret_")
    await harness.control(f"stripe/checkout/sessions/{embedded.id}/pay")
    hosted = await a_session(harness, success_url=SHOP)
    assert (hosted.ui_mode, hosted.client_secret) == ("hosted_page", None)
    for wrong in (
        {"ui_mode": "embedded_page", "success_url": SHOP},
        {"ui_mode": "embedded_page"},
        {"return_url": SHOP, "success_url": SHOP},
        {"ui_mode": "elements", "return_url": SHOP},
        {"success_url": SHOP, "payment_method_types": ["card"]},
    ):
        await refused(a_session(harness, **wrong))


async def test_sessions_are_found_by_status_time_and_payer(harness: Harness) -> None:
    sessions = harness.client.v1.checkout.sessions
    paid = await a_session(harness, success_url=SHOP, customer_email="a@example.com")
    await harness.control(f"stripe/checkout/sessions/{paid.id}/pay")
    harness.clock.move(100)
    late = await a_session(harness, success_url=SHOP)
    for asked, found in (
        ({"status": "complete"}, [paid.id]),
        ({"status": "open"}, [late.id]),
        ({"created": {"gt": paid.created + 50}}, [late.id]),
        ({"customer_details": {"email": "a@example.com"}}, [paid.id]),
    ):
        assert [one.id for one in (await sessions.list_async(asked)).data] == found, json.dumps(
            asked
        )
