"""Stripe as the sandbox plays it, in this process, and the rails that one contract suite drives."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from aiohttp import web
from contracts_schema.money import Currency, Money
from escrow.adapters.stripe.rail import VERSION, StripeRail, StripeSettings
from escrow.ports import ChargebackSeen
from escrow_fake_rail import FakeRail
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

SECRET_KEY, WEBHOOK_SECRET = "sk_test_holdfast0123456789", "whsec_holdfast"
TEST_KEY = os.environ.get("STRIPE_TEST_KEY", "")
TEST_ACCOUNT = os.environ.get("STRIPE_TEST_ACCOUNT", "")


def stripe_settings(api_base: str, secret_key: str = SECRET_KEY) -> StripeSettings:
    """The rail's settings for this Stripe."""
    page = "https://holdfast.example"
    return StripeSettings(
        api_base=api_base,
        secret_key=secret_key,
        webhook_secrets=(WEBHOOK_SECRET,),
        paid_url=f"{page}/paid",
        left_url=f"{page}/left",
        onboarded_url=f"{page}/onboarded",
        link_expired_url=f"{page}/expired",
    )


@dataclass
class Sandbox:
    """The running stand-in and its drivers' side."""

    base: str
    clock: Clock
    http: httpx.AsyncClient

    async def control(self, path: str, body: Any = None, expected: int = 200) -> Any:
        """Do to Stripe what no API call can."""
        answer = await self.http.post(f"{self.base}/control/{path}", json=body or {})
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def fault(self, match: str, kind: str, **more: Any) -> None:
        """Order a fault."""
        order = {"party": "stripe", "match": match, "kind": kind, **more}
        await self.control("faults", order, 201)

    async def objects(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind."""
        answer = await self.http.get(f"{self.base}/control/stripe/objects/{kind}")
        return answer.json()["data"]

    async def group(self, escrow_id: str) -> dict[str, int]:
        """What Stripe's own books say of one escrow."""
        books = (await self.http.get(f"{self.base}/control/books")).json()
        return books["transfer_groups"][escrow_id]


@asynccontextmanager
async def a_sandbox(
    clock_file: Path | None = None, **stripe_section: Any
) -> AsyncIterator[Sandbox]:
    """Stripe on a free port, in real time or in that of the file."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    section = {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET, **stripe_section}
    clock = Clock(clock_file)
    runner = web.AppRunner(
        build_app(parse({"stripe": section}, base), clock), access_log=None, shutdown_timeout=0.1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            yield Sandbox(base, clock, http)
    finally:
        await runner.cleanup()


class FakeWorld:
    """The fake rail, driven directly."""

    name = "fake"

    def __init__(self) -> None:
        self.rail: Any = FakeRail(tells_fees_at_once=False)
        self.now = datetime.now(UTC)

    async def pay(self, reference: str) -> str:
        """The buyer pays; the charge."""
        self.rail.pay(reference)
        return str(self.rail.seen[reference].charge_id)

    async def tell_fee(self, reference: str) -> None:
        """The provider knows what it kept."""
        self.rail.tell_fee(reference)

    async def decline(self, reference: str) -> None:
        """The buyer's card is declined."""
        self.rail.decline(reference)

    async def onboard(self, account_id: str) -> None:
        """The seller completes payout_account."""
        self.rail.onboard(account_id)

    async def seller(self) -> str:
        """An account that can be paid."""
        account_id = await self.rail.open_account("usr_1", "account:usr_1:1")
        self.rail.onboard(account_id)
        return str(account_id)

    async def lose_reply(self, call: str) -> None:
        """The next call is done, and its reply is lost."""
        self.rail.fail(call, "after")

    async def fail_saved(self, call: str) -> None:
        """The next call fails with a 500 that is saved under its key."""
        self.rail.fail(call, "500")

    async def busy(self, call: str) -> None:
        """The next call is refused for now."""
        self.rail.fail(call, "down")

    async def send_back(self, provider_id: str, minor: int = 0) -> None:
        """This much of the payout is given back, or what is left of it."""
        self.rail.send_back(provider_id, minor)

    async def charge_back(self, charge_id: str) -> str:
        """The payer's bank takes the money back."""
        seen = ChargebackSeen(
            "dp_1",
            charge_id,
            Money(430_000, Currency.USD),
            Money(1_500, Currency.USD),
            taken=True,
            reason="fraudulent",
        )
        self.rail.chargebacks["dp_1"] = seen
        return "dp_1"


PATHS = {
    "pay_out": "POST /v1/transfers",
    "refund": "POST /v1/refunds",
    "open": "POST /v1/checkout/sessions",
    "look_up_chargeback": "GET /v1/disputes/*",
}


class SandboxWorld:
    """The Stripe rail, against the sandbox."""

    name = "sandbox"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.rail: Any = StripeRail(stripe_settings(f"{sandbox.base}/stripe"))
        self.now = datetime.now(UTC)

    async def pay(self, reference: str) -> str:
        """The buyer pays on Stripe's page; the charge."""
        await self.sandbox.control(f"stripe/checkout/sessions/{reference}/pay")
        return str((await self.rail.look_up_payment(reference)).charge_id)

    async def tell_fee(self, reference: str) -> None:
        """Time passes, and Stripe completes the capture in the background."""
        await self.sandbox.control("clock", {"advance_s": 60})

    async def decline(self, reference: str) -> None:
        """The buyer's card is declined."""
        card = {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
        await self.sandbox.control(f"stripe/checkout/sessions/{reference}/pay", card, 402)

    async def onboard(self, account_id: str) -> None:
        """The seller completes payout_account."""
        await self.sandbox.control(f"stripe/accounts/{account_id}/onboard")

    async def seller(self) -> str:
        """An account that can be paid."""
        account_id = await self.rail.open_account("usr_1", "account:usr_1:1")
        await self.onboard(account_id)
        return str(account_id)

    async def lose_reply(self, call: str) -> None:
        """The next call is done, and its reply is lost."""
        await self.sandbox.fault(PATHS[call], "drop_reply")

    async def fail_saved(self, call: str) -> None:
        """The next call fails with a 500 that is saved under its key."""
        await self.sandbox.fault(PATHS[call], "status", status=500)

    async def busy(self, call: str) -> None:
        """The next call is refused for now."""
        await self.sandbox.fault(PATHS[call], "status", status=429)

    async def send_back(self, provider_id: str, minor: int = 0) -> None:
        """This much of the payout is given back, or what is left of it."""
        if provider_id.startswith("re_"):
            await self.sandbox.control(f"stripe/refunds/{provider_id}/fail")
            return
        client = stripe.StripeClient(
            SECRET_KEY,
            base_addresses={"api": f"{self.sandbox.base}/stripe"},
            http_client=stripe.HTTPXClient(),
        )
        part: Any = {"amount": minor} if minor else {}
        await client.v1.transfers.reversals.create_async(provider_id, part)

    async def charge_back(self, charge_id: str) -> str:
        """The payer's bank takes the money back."""
        dispute = await self.sandbox.control("stripe/disputes", {"charge": charge_id})
        return str(dispute["id"])


class RealWorld:
    """The Stripe rail, against Stripe's test mode: what needs a person at a page is skipped."""

    name = "real"

    def __init__(self) -> None:
        self.rail: Any = StripeRail(stripe_settings("https://api.stripe.com", TEST_KEY))
        self.now = datetime.now(UTC)

    async def pay(self, reference: str) -> str:
        """Nobody pays on a page here."""
        pytest.skip("a Checkout Session is paid by a person on Stripe's page")

    async def charge(self, group: str) -> str:
        """A charge of the group, made without a page."""
        client = stripe.StripeClient(
            TEST_KEY, http_client=stripe.HTTPXClient(), stripe_version=VERSION
        )
        asked: Any = {
            "amount": 430_000,
            "currency": "usd",
            "transfer_group": group,
            "payment_method": "pm_card_bypassPending",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
        intent = await client.v1.payment_intents.create_async(asked)
        return str(intent.latest_charge)

    async def seller(self) -> str:
        """The account that was onboarded by hand."""
        if not TEST_ACCOUNT:
            pytest.skip("STRIPE_TEST_ACCOUNT names no onboarded test account")
        return TEST_ACCOUNT

    def __getattr__(self, name: str) -> Any:
        """Faults and the bank cannot be ordered at the real one."""
        pytest.skip(f"Stripe's test mode has no {name}")


@asynccontextmanager
async def a_world(name: str) -> AsyncIterator[Any]:
    """One of the three worlds that the contract suite runs in."""
    if name == "fake":
        yield FakeWorld()
    elif name == "real":
        if not TEST_KEY:
            pytest.skip("STRIPE_TEST_KEY is not set")
        world = RealWorld()
        yield world
        await world.rail.close()
    else:
        async with a_sandbox() as sandbox:
            played = SandboxWorld(sandbox)
            yield played
            await played.rail.close()
