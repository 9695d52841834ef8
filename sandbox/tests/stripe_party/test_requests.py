"""What a request must be: keyed, versioned, known in every parameter."""

import pytest
import stripe
from stripe_harness import SECRET_KEY, Harness, a_client

TRANSFER = {"amount": "100", "currency": "usd", "destination": "acct_1"}


async def refusal(harness: Harness, path: str, data: dict[str, str]) -> dict:
    response = await harness.raw("POST", path, data)
    assert response.status == 400
    return (await response.json())["error"]


async def test_an_unknown_parameter_is_refused_by_its_name(harness: Harness) -> None:
    error = await refusal(harness, "/v1/transfers", {**TRANSFER, "colour": "red"})
    assert error["message"] == "Received unknown parameter: colour"
    assert (error["code"], error["param"]) == ("parameter_unknown", "colour")
    assert error["type"] == "invalid_request_error"


async def test_an_unknown_nested_parameter_is_refused_by_its_whole_name(harness: Harness) -> None:
    error = await refusal(
        harness,
        "/v1/checkout/sessions",
        {"success_url": "https://x.example", "payment_intent_data[colour]": "red"},
    )
    assert error["param"] == "payment_intent_data[colour]"


@pytest.mark.parametrize(
    ("path", "data", "param"),
    [
        ("/v1/transfers", {"amount": "1", "currency": "usd"}, "destination"),
        ("/v1/transfers", {"currency": "usd", "destination": "acct_1"}, "amount"),
        ("/v1/payment_intents", {"currency": "usd"}, "amount"),
        ("/v1/refunds", {}, "payment_intent"),
        ("/v1/checkout/sessions", {"mode": "payment"}, "success_url"),
        ("/v1/account_links", {"type": "account_onboarding"}, "account"),
    ],
)
async def test_a_missing_required_parameter_is_named(
    harness: Harness, path: str, data: dict[str, str], param: str
) -> None:
    error = await refusal(harness, path, data)
    assert (error["code"], error["param"]) == ("parameter_missing", param)
    assert error["message"] == f"Missing required param: {param}."


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer"),
        ({"amount": "10.5", "currency": "usd"}, "parameter_invalid_integer"),
        ({"amount": "-5", "currency": "usd"}, "parameter_invalid_integer"),
        ({"amount": "", "currency": "usd"}, "parameter_invalid_empty"),
        ({"amount": "49", "currency": "usd"}, "amount_too_small"),
        ({"amount": "100000000", "currency": "usd"}, "amount_too_large"),
        ({"amount": "500", "currency": "zzz"}, None),
        ({"amount": "500", "currency": "usd", "capture_method": "later"}, None),
        ({"amount[0]": "500", "currency": "usd"}, None),
        ({"amount": "500", "currency": "usd", "metadata": "x"}, None),
        ({"amount": "500", "currency": "usd", "metadata[" + "k" * 41 + "]": "x"}, None),
        ({"amount": "500", "currency": "usd", "metadata[k]": "x" * 501}, None),
        ({"amount": "500", "currency": "usd", "confirm": "yes"}, None),
        ({"amount": "500", "currency": "usd", "allowed_payment_method_types": "card"}, None),
        ({"amount": "500", "currency": "usd", "transfer_data[destination]": "acct_1"}, None),
        ({"amount": "500", "currency": "usd", "customer": "cus_nobody"}, "resource_missing"),
        ({"amount": "500", "currency": "usd", "payment_method": "pm_no"}, "resource_missing"),
        ({"amount": "500", "currency": "usd", "a[b": "x"}, None),
    ],
)
async def test_a_wrong_value_is_refused_and_makes_nothing(
    harness: Harness, data: dict[str, str], code: str | None
) -> None:
    error = await refusal(harness, "/v1/payment_intents", data)
    assert error.get("code") == code
    assert error["type"] == "invalid_request_error"
    assert (await harness.look("stripe/objects/payment_intent"))["data"] == []
    assert (await harness.look("stripe/objects/event"))["data"] == []


async def test_a_key_given_twice_is_refused(harness: Harness) -> None:
    response = await harness.raw("POST", "/v1/customers", "email=a%40b.example&email=c%40d.example")
    assert response.status == 400


async def test_metadata_is_merged_and_an_empty_value_unsets(harness: Harness) -> None:
    intent = await harness.client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd", "metadata": {"1": "one", "two": "2"}}
    )
    changed = await harness.client.v1.payment_intents.update_async(
        intent.id, {"metadata": {"two": "", "three": "3"}}
    )
    assert changed.metadata.to_dict() == {"1": "one", "three": "3"}


@pytest.mark.parametrize("key", ["sk_test_someone_else_0123", "", "pk_test_1"])
async def test_a_wrong_api_key_is_answered_401(harness: Harness, key: str) -> None:
    response = await harness.raw("GET", "/v1/balance", Authorization=f"Bearer {key}")
    assert response.status == 401
    error = (await response.json())["error"]
    assert error["message"].startswith("Invalid API Key provided")
    assert key == "" or key not in error["message"]


async def test_no_api_key_is_answered_401_and_basic_authentication_is_understood(
    harness: Harness,
) -> None:
    async with harness.http.get(f"{harness.base}/stripe/v1/balance") as response:
        assert response.status == 401
        assert "did not provide an API key" in (await response.json())["error"]["message"]
    basic = stripe_basic(SECRET_KEY)
    assert (await harness.raw("GET", "/v1/balance", Authorization=basic)).status == 200
    assert (await harness.raw("GET", "/v1/balance", Authorization="Basic !")).status == 401
    with pytest.raises(stripe.AuthenticationError):
        await a_client(harness.base, "sk_test_wrong").v1.balance.retrieve_async()


def stripe_basic(key: str) -> str:
    from base64 import b64encode

    return f"Basic {b64encode(f'{key}:'.encode()).decode()}"


async def test_the_version_is_echoed_and_a_malformed_one_refused(harness: Harness) -> None:
    pinned = await harness.raw("GET", "/v1/balance", **{"Stripe-Version": "2026-10-28.endive"})
    assert pinned.headers["Stripe-Version"] == "2026-10-28.endive"
    assert pinned.headers["Request-Id"].startswith("req_")
    assert (await harness.raw("GET", "/v1/balance", **{"Stripe-Version": "new"})).status == 400


async def test_an_address_that_is_not_played_says_so(harness: Harness) -> None:
    response = await harness.raw("POST", "/v1/payouts")
    assert response.status == 404
    error = (await response.json())["error"]
    assert error["message"].startswith("Unrecognized request URL (POST: /v1/payouts)")


async def test_an_object_that_does_not_exist_is_answered_404(harness: Harness) -> None:
    for path in (
        "/v1/payment_intents/pi_1",
        "/v1/charges/ch_1",
        "/v1/transfers/tr_1",
        "/v1/events/evt_1",
        "/v1/checkout/sessions/cs_test_1",
    ):
        response = await harness.raw("GET", path)
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "resource_missing"
    assert (await harness.raw("GET", "/v1/accounts/acct_1")).status == 403


async def test_a_list_is_read_page_by_page_newest_first(harness: Harness) -> None:
    made = [
        (await harness.client.v1.customers.create_async({"name": f"n{i}"})).id for i in range(3)
    ]
    intents = []
    for customer in made:
        params = {"amount": 500, "currency": "usd", "customer": customer}
        intents.append((await harness.client.v1.payment_intents.create_async(params)).id)
    first = await harness.client.v1.payment_intents.list_async({"limit": 2})
    assert [one.id for one in first.data] == intents[:0:-1]
    assert first.has_more
    rest = await harness.client.v1.payment_intents.list_async({"starting_after": intents[1]})
    assert [one.id for one in rest.data] == intents[:1]
    assert not rest.has_more
    back = await harness.client.v1.payment_intents.list_async(
        {"ending_before": intents[0], "limit": 1}
    )
    assert [one.id for one in back.data] == [intents[1]]
    mine = await harness.client.v1.payment_intents.list_async({"customer": made[0]})
    assert [one.id for one in mine.data] == intents[:1]
    none = await harness.client.v1.payment_intents.list_async({"created": {"gt": 4_000_000_000}})
    assert none.data == []
    for wrong in ({"limit": 0}, {"limit": 101}, {"starting_after": "pi_1"}):
        with pytest.raises(stripe.InvalidRequestError):
            await harness.client.v1.payment_intents.list_async(wrong)


async def test_what_cannot_be_expanded_is_refused(harness: Harness) -> None:
    charge = await harness.paid_charge()
    shown = await harness.client.v1.charges.retrieve_async(
        charge, {"expand": ["payment_intent.latest_charge", "balance_transaction", "refunds"]}
    )
    assert shown.payment_intent.latest_charge.id == charge
    assert shown.refunds.data == []
    listed = await harness.client.v1.charges.list_async({"expand": ["data.balance_transaction"]})
    assert listed.data[0].balance_transaction.net == 417_500
    for wrong in ("colour", "amount.colour", "currency"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            await harness.client.v1.charges.retrieve_async(charge, {"expand": [wrong]})


async def test_payment_intents_are_found_by_their_metadata(harness: Harness) -> None:
    for escrow in ("esc_1", "esc_2"):
        await harness.client.v1.payment_intents.create_async(
            {"amount": 500, "currency": "usd", "metadata": {"escrow_id": escrow}}
        )
    found = await harness.client.v1.payment_intents.search_async(
        {"query": "metadata['escrow_id']:'esc_2' AND status:'requires_payment_method'"}
    )
    assert [one.metadata["escrow_id"] for one in found.data] == ["esc_2"]
    with pytest.raises(stripe.InvalidRequestError):
        await harness.client.v1.payment_intents.search_async({"query": "everything"})


async def test_a_connected_accounts_balance_is_its_own(harness: Harness) -> None:
    seller = await harness.seller()
    await harness.transfer(await harness.paid_charge(), seller)
    options: stripe.RequestOptions = {"stripe_account": seller}
    own = await harness.client.v1.balance.retrieve_async(None, options)
    assert own.pending[0].amount == 417_500
    entries = await harness.client.v1.balance_transactions.list_async(None, options)
    assert [entry.type for entry in entries.data] == ["payment"]
    platform = await harness.client.v1.balance_transactions.list_async({"type": "transfer"})
    assert [entry.amount for entry in platform.data] == [-417_500]
    with pytest.raises(stripe.PermissionError):
        await harness.client.v1.balance.retrieve_async(None, {"stripe_account": "acct_nobody"})
