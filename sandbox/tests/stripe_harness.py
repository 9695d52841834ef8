"""A running stand-in, a real client and a webhook endpoint for the Stripe tests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
import stripe
from aiohttp import web
from kept_whole import a_keeper, forgotten
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse
from sandbox.stripe.endpoints import ENDPOINTS
from stripe_description import faults_of_answer, faults_of_object

SECRET_KEY = "sk_test_holdfast0123456789"
WEBHOOK_SECRET = "whsec_holdfast"
PRICE = 430_000
SELLER_GETS = 417_500
CAPTURE_S = 2


@dataclass
class Endpoint:
    """A shop's webhook endpoint: keeps what it is sent and answers as it is told."""

    url: str = ""
    events: list[dict] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    verify: bool = True
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.Response:
        payload, header = await request.read(), request.headers["Stripe-Signature"]
        self.headers.append(header)
        if self.verify:
            try:
                event = stripe.Webhook.construct_event(payload, header, WEBHOOK_SECRET)
            except stripe.SignatureVerificationError as error:
                self.refused.append(str(error))
                self.arrived.set()
                return web.Response(status=400)
            assert event["object"] == "event"
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.events.append(await request.json())
        self.arrived.set()
        return web.Response(status=status)

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def until(self, condition: Callable[[], bool], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self.arrived.clear()
                await self.arrived.wait()

    async def until_type(self, kind: str, count: int = 1) -> dict:
        await self.until(lambda: self.types().count(kind) >= count)
        return next(event for event in self.events if event["type"] == kind)


@dataclass
class Harness:
    """The sandbox, listening, with everything it says held against Stripe's description."""

    base: str
    clock: Clock
    endpoint: Endpoint
    http: aiohttp.ClientSession
    client: stripe.StripeClient
    violations: list[str]

    async def control(self, path: str, body: object = None, status: int = 200) -> dict:
        url = f"{self.base}/control/{path}"
        async with self.http.post(url, json=body if body is not None else {}) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def look(self, path: str) -> dict:
        async with self.http.get(f"{self.base}/control/{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def fault(self, kind: str, match: str = "*", **more: object) -> None:
        order = {"party": "stripe", "kind": kind, "match": match, **more}
        await self.control("faults", order, status=201)

    async def raw(
        self, method: str, path: str, data: object = None, **headers: str
    ) -> aiohttp.ClientResponse:
        given = {"Authorization": f"Bearer {SECRET_KEY}", **headers}
        response = await self.http.request(
            method, f"{self.base}/stripe{path}", data=data, headers=given
        )
        await response.read()
        return response

    async def until(self, look: Callable[[], Awaitable[object]], wanted: object) -> None:
        """Look until what is seen is what is wanted, for at most ten seconds."""
        async with asyncio.timeout(10):
            while await look() != wanted:
                await asyncio.sleep(0.01)

    async def until_taken(self) -> None:
        """Wait until every ordered fault has struck."""

        async def pending() -> object:
            return (await self.look("faults"))["faults"]

        await self.until(pending, [])

    async def seller(self) -> str:
        """An onboarded Express account."""
        account = await self.client.v1.accounts.create_async(
            {"type": "express", "country": "US", "capabilities": {"transfers": {"requested": True}}}
        )
        await self.control(f"stripe/accounts/{account.id}/onboard")
        return account.id

    async def paid_charge(self, group: str = "esc_1", card: str = "pm_card_visa") -> str:
        """A charge of PRICE made by a paid payment intent of the group."""
        intent = await self.client.v1.payment_intents.create_async(
            {"amount": PRICE, "currency": "usd", "transfer_group": group}
        )
        paid = await self.control(
            f"stripe/payment_intents/{intent.id}/pay", {"payment_method": card}
        )
        await self.captured(paid["latest_charge"])
        return paid["latest_charge"]

    async def captured(self, charge: str) -> stripe.Charge:
        """The charge once Stripe has completed its capture in the background."""
        self.clock.move(CAPTURE_S)
        return await self.client.v1.charges.retrieve_async(charge)

    async def transfer(self, charge: str, seller: str, amount: int = SELLER_GETS, key: str = "t"):
        """Pay a seller out of a charge."""
        return await self.client.v1.transfers.create_async(
            {
                "amount": amount,
                "currency": "usd",
                "destination": seller,
                "source_transaction": charge,
            },
            {"idempotency_key": key},
        )


def a_client(base: str, key: str = SECRET_KEY, retries: int = 0) -> stripe.StripeClient:
    """The real client, pointed at the stand-in exactly as production would be."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": f"{base}/stripe"},
        http_client=stripe.HTTPXClient(),
        max_network_retries=retries,
    )


@asynccontextmanager
async def a_harness(**settings: object) -> AsyncIterator[Harness]:
    """Start the sandbox and a webhook endpoint on free ports, stop both in the end."""
    endpoint, clock, violations = Endpoint(), Clock(), []
    async with served(_receiver(endpoint)) as url:
        endpoint.url = f"{url}/webhooks/stripe"
        section = {
            "secret_key": SECRET_KEY,
            "webhook_url": endpoint.url,
            "webhook_secret": WEBHOOK_SECRET,
            "webhook_retry_scale": 0.0001,
            **settings,
        }
        listener = _listener()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with a_keeper() as keeper:
            app = build_app(parse({"stripe": section}, base), clock, keeper=keeper)
            app.middlewares.insert(0, _judge(violations))
            async with served(app, listener), aiohttp.ClientSession() as http:
                yield Harness(base, clock, endpoint, http, a_client(base), violations)
                assert forgotten(keeper) == []
    _hold_to_description(violations, endpoint)


def _hold_to_description(violations: list[str], endpoint: Endpoint) -> None:
    found = list(violations)
    for event in endpoint.events:
        about = event["data"]["object"]
        for fault in (*faults_of_object(event), *faults_of_object(about)):
            found.append(f"event {event['type']}: {fault}")
    if found:
        pytest.fail("\n".join(sorted(set(found))))


def _receiver(endpoint: Endpoint) -> web.Application:
    app = web.Application()
    app.router.add_post("/webhooks/stripe", endpoint.receive)
    return app


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def served(app: web.Application, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve the application; the address."""
    listener = listener or _listener()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


def _judge(violations: list[str]):
    @web.middleware
    async def judge(request: web.Request, handler):
        response = await handler(request)
        resource = request.match_info.route.resource
        template = resource.canonical.removeprefix("/stripe") if resource else ""
        was_cut = request.transport is None or request.transport.is_closing()
        if (request.method, template) in ENDPOINTS and not was_cut:
            found = faults_of_answer(response.status, parse_json(response))
            violations.extend(
                f"{request.method} {template} {response.status}: {it}" for it in found
            )
        return response

    return judge


def parse_json(response: web.StreamResponse) -> object:
    assert isinstance(response, web.Response)
    return json.loads(response.text or "null")
