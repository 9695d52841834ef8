"""Webhooks with a good signature that lie: only what the provider shows itself takes effect."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe
from chassis.storage.database import Database
from escrow_builders import NOON, PRICE, House, a_house, running, some_terms
from escrow_harness import SECRET_KEY, WEBHOOK_SECRET, SandboxWorld, a_world


@pytest.fixture
async def world() -> AsyncIterator[SandboxWorld]:
    """Stripe as the sandbox plays it, at the time of the tests."""
    async with a_world("sandbox") as made:
        made.sandbox.clock.move(int((NOON - datetime.now(UTC)).total_seconds()))
        yield made


@pytest.fixture
async def house(database: Database, world: SandboxWorld) -> House:
    return a_house(database, world.rail)


@pytest.fixture
async def client(house: House, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running(house.database, database_url, house.rails) as made:
        yield made


async def told(client: httpx.AsyncClient, house: House, subject: str, **more: Any) -> None:
    """An event that the endpoint's own secret signs comes in, and what it sets off is done."""
    made = {"id": f"evt_{subject}", "type": "payment_intent.succeeded", "livemode": False}
    about = {"id": subject, **more.pop("content", {})}
    body = json.dumps({**made, **more, "data": {"object": about}}).encode()
    at = int(house.clock.now().timestamp())
    mark = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    signed = {"Stripe-Signature": f"t={at},v1={mark}"}
    answer = await client.post("/v1/webhooks/stripe", content=body, headers=signed)
    assert answer.status_code == 200, answer.text
    await house.due()


async def state(house: House, escrow_id: str) -> tuple[str, int]:
    escrow = await house.escrow(escrow_id)
    return escrow.state, escrow.amounts.received


async def paid_intent(world: SandboxWorld, house: House, escrow_id: str) -> str:
    """The buyer paid; the payment intent that nobody has told of yet."""
    reference = await house.reference(escrow_id)
    await world.pay(reference)
    return str((await world.rail.look_up_payment(reference)).provider_id)


@pytest.mark.abuse("W4")
@pytest.mark.parametrize("lie", [{"livemode": True}, {"account": "acct_of_another"}])
async def test_an_event_of_the_other_mode_or_of_another_account_is_not_acted_on(
    client: httpx.AsyncClient, house: House, world: SandboxWorld, lie: dict[str, Any]
) -> None:
    escrow_id = await house.open()
    intent = await paid_intent(world, house, escrow_id)

    await told(client, house, intent, id="evt_lie", **lie)
    assert await state(house, escrow_id) == ("AWAIT_FUNDS", 0)
    assert await house.database.value("SELECT about FROM webhooks") == "nothing"

    await told(client, house, intent)
    assert await state(house, escrow_id) == ("FUNDS_HELD", PRICE)


@pytest.mark.abuse("W5")
@pytest.mark.parametrize("claimed", [1, PRICE * 100, -PRICE, "430000", None])
async def test_the_amount_that_counts_is_the_providers(
    client: httpx.AsyncClient, house: House, world: SandboxWorld, claimed: object
) -> None:
    escrow_id, unpaid = await house.open(), await house.open(some_terms("unpaid"))
    lie = {"amount": claimed, "amount_received": claimed, "status": "succeeded", "currency": "jpy"}

    await told(client, house, await paid_intent(world, house, escrow_id), content=lie)
    await told(client, house, await house.reference(unpaid), content=lie)

    assert await state(house, escrow_id) == ("FUNDS_HELD", PRICE)
    assert await state(house, unpaid) == ("AWAIT_FUNDS", 0)
    await house.proven()


@pytest.mark.abuse("W6")
async def test_a_payment_counts_for_the_escrow_it_was_made_for_whatever_an_event_names(
    client: httpx.AsyncClient, house: House, world: SandboxWorld
) -> None:
    own, other = await house.open(), await house.open(some_terms("other"))
    [payment] = await house.database.rows(
        "SELECT payment_id FROM payments WHERE escrow_id = $1", other
    )
    names = {"escrow_id": other, "payment_id": payment["payment_id"]}
    lie = {"metadata": names, "transfer_group": other, "client_reference_id": other}

    await told(client, house, await paid_intent(world, house, own), content=lie)

    assert await state(house, own) == ("FUNDS_HELD", PRICE)
    assert await state(house, other) == ("AWAIT_FUNDS", 0)


@pytest.mark.abuse("W6")
async def test_a_payment_that_we_did_not_ask_for_counts_for_no_escrow(
    client: httpx.AsyncClient, house: House, world: SandboxWorld
) -> None:
    """It is real, of our own account, and the provider itself shows our escrow's id in it."""
    escrow_id = await house.open()
    base = {"api": f"{world.sandbox.base}/stripe"}
    provider = stripe.StripeClient(
        SECRET_KEY, base_addresses=base, http_client=stripe.HTTPXClient()
    )
    intent = await provider.v1.payment_intents.create_async(
        {
            "amount": PRICE,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {"escrow_id": escrow_id},
            "transfer_group": escrow_id,
        }
    )
    assert intent.status == "succeeded"

    await told(client, house, intent.id)

    assert await state(house, escrow_id) == ("AWAIT_FUNDS", 0)
    assert await house.database.value("SELECT outcome FROM webhooks") == "not ours"
