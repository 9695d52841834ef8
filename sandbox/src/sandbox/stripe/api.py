"""Stripe's API over HTTP: key, version, form, parameters, idempotency, then the operation."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.faults import FAULT, Fault, Kind
from sandbox.stripe import form, listing, parameters
from sandbox.stripe.accounts import no_access
from sandbox.stripe.endpoints import ENDPOINTS
from sandbox.stripe.errors import StripeError, injected, invalid, unauthorized
from sandbox.stripe.events import Cause
from sandbox.stripe.idempotency import Answer, Keys, in_use
from sandbox.stripe.listing import Included
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

Operation = Callable[[World, Call], JsonObject]
PREFIX = "/stripe"
ROOTS = (PREFIX, "")
"""Where the API is: the second for clients that are told a host and a port and no path."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
ACCOUNT_PATHS = ("/v1/balance", "/v1/balance_transactions")


def is_played(version: str, claimed: str) -> bool:
    """Whether it is the claimed version, or an earlier one of the same release train."""
    date, _, train = version.partition(".")
    latest, _, own = claimed.partition(".")
    return bool(DATE.match(date)) and train == own and date <= latest


@dataclass(frozen=True, slots=True)
class Incoming:
    """One authorised request, its parameters not yet checked."""

    id: str
    endpoint: str
    http: web.Request
    account: str | None
    key: str | None
    raw: form.Tree

    @property
    def path(self) -> str:
        """The path as Stripe knows it."""
        return self.http.path.removeprefix(PREFIX)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a request, and whether the endpoint had begun (then the answer is saved)."""

    answer: Answer
    began: bool
    retry: bool | None = None


class Api:
    """Every endpoint of `ENDPOINTS`, each with its operation."""

    def __init__(
        self,
        world: World,
        operations: Mapping[str, Operation],
        included: Included,
        keys: Keys,
    ) -> None:
        different = {f"{method} {path}" for method, path in ENDPOINTS} ^ set(operations)
        if different:
            raise ValueError(f"endpoints and operations differ: {sorted(different)}")
        self._world = world
        self._operations = operations
        self._included = included
        self._keys = keys

    def routes(self) -> list[web.RouteDef]:
        """One route per endpoint, the literal before the templated, and a refusal of the rest."""
        ordered = sorted(ENDPOINTS, key=lambda endpoint: (endpoint[1].count("{"), endpoint))
        played = [
            web.route(method, root + path, self._handler(f"{method} {path}"))
            for root in ROOTS
            for method, path in ordered
        ]
        return [*played, *(web.route("*", it + "/{rest:v[0-9].*}", self._unknown) for it in ROOTS)]

    def _handler(self, endpoint: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if "search" in request.match_info.values():
                return await self._unknown(request)  # A search that is not played, not an id.
            id = random_id("req", 14)
            try:
                return await self._once(await self._incoming(endpoint, request, id))
            except StripeError as error:
                ran = Ran(Answer(error.status, error.body(id), id), False, error.retry)
                return self._reply(request, id, ran)

        return handle

    async def _unknown(self, request: web.Request) -> web.Response:
        id = random_id("req", 14)
        error = StripeError(
            f"Unrecognized request URL ({request.method}: {request.path.removeprefix(PREFIX)}). "
            "Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
        )
        return self._reply(request, id, Ran(Answer(404, error.body(id), id), False))

    async def _incoming(self, endpoint: str, request: web.Request, id: str) -> Incoming:
        self._authorize(request)
        version = request.headers.get("Stripe-Version", self._world.settings.api_version)
        if not is_played(version, self._world.settings.api_version):
            raise StripeError(f"Invalid Stripe API version: {version}", began=False)
        posted = request.method == "POST"
        text = (await request.read()).decode() if posted else request.query_string
        raw = form.parse(parse_qsl(text, keep_blank_values=True))
        key = request.headers.get("Idempotency-Key") if posted else None
        return Incoming(id, endpoint, request, self._account(request), key, raw)

    def _authorize(self, request: web.Request) -> None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        key: str | None = value if scheme.lower() == "bearer" else None
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(value).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if key != self._world.settings.secret_key:
            raise unauthorized(key)

    def _account(self, request: web.Request) -> str | None:
        id = request.headers.get("Stripe-Account")
        if id is None:
            return None
        if self._world.store.find(id) is None:
            raise no_access(self._world, id)
        if not request.path.removeprefix(PREFIX).startswith(ACCOUNT_PATHS):
            raise invalid(f"The sandbox plays {ACCOUNT_PATHS} only with a Stripe-Account header.")
        return id

    async def _once(self, incoming: Incoming) -> web.Response:
        if incoming.key is None:
            return self._reply(incoming.http, incoming.id, await self._run(incoming))
        owner = (incoming.account, incoming.key)
        running = self._keys.is_running(owner)
        saved = self._keys.claim(owner, incoming.path, incoming.raw)
        if running:
            raise in_use(incoming.key)
        if saved is not None:
            return self._reply(incoming.http, incoming.id, Ran(saved, True), replayed=True)
        ran: Ran | None = None
        try:
            ran = await self._run(incoming)
        finally:
            if ran is not None and ran.began:
                self._keys.save(owner, ran.answer)
            else:
                self._keys.release(owner)
        return self._reply(incoming.http, incoming.id, ran)

    async def _run(self, incoming: Incoming) -> Ran:
        fault: Fault | None = incoming.http.get(FAULT)
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        try:
            body = self._operate(incoming)
            ran = Ran(Answer(200, body, incoming.id), began=True)
        except StripeError as error:
            answer = Answer(error.status, error.body(incoming.id), incoming.id)
            ran = Ran(answer, error.began, error.retry)
        if fault is not None and fault.kind is Kind.STATUS_AFTER:
            failure = injected(fault.status).body(incoming.id)
            return Ran(Answer(fault.status, failure, incoming.id), began=True)
        return ran

    def _operate(self, incoming: Incoming) -> JsonObject:
        world = self._world
        checked = parameters.check(incoming.endpoint, incoming.raw)
        expanded = checked.pop("expand", [])
        call = Call(incoming.endpoint, dict(incoming.http.match_info), checked, incoming.account)
        world.agenda.run_due(world)
        world.events.cause = Cause(incoming.id, incoming.key)
        try:
            answer = self._operations[incoming.endpoint](world, call)
        finally:
            world.events.cause = Cause()
        # A copy: a saved answer must not change with the object it shows.
        return listing.expand(world.store, answer, expanded, self._included)

    def _reply(
        self, request: web.Request, id: str, ran: Ran, replayed: bool = False
    ) -> web.Response:
        headers = {"Request-Id": id}
        version = request.headers.get("Stripe-Version", self._world.settings.api_version)
        headers["Stripe-Version"] = version
        if key := request.headers.get("Idempotency-Key"):
            headers["Idempotency-Key"] = key
        if replayed:
            headers |= {"Idempotent-Replayed": "true", "Original-Request": ran.answer.request_id}
        if ran.retry is not None:
            headers["Stripe-Should-Retry"] = "true" if ran.retry else "false"
        text = json.dumps(ran.answer.body, indent=2)
        return web.Response(
            text=text, status=ran.answer.status, content_type="application/json", headers=headers
        )
