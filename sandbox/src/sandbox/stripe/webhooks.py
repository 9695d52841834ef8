"""Delivery of events to the webhook endpoint: signed, retried, and disturbed on demand."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import aiohttp

from sandbox.clock import Clock
from sandbox.faults import Faults, Kind
from sandbox.keeping import Keeper, Kept, Table
from sandbox.stripe.errors import StripeError
from sandbox.stripe.settings import Settings
from sandbox.stripe.store import JsonObject, Store, random_id

PARTY = "stripe"
# Stripe retries for three days, ever more slowly.
RETRY_S = (300, 1800, 7200, 18_000, 36_000, *([43_200] * 5))
REORDER_WAIT_S = 2.0
CONCURRENT = 16


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED = "failed"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint that the platform registered by the API, with its own secret."""

    url: str
    secret: str


@dataclass(slots=True)
class Attempt:
    """One try: when, and what the endpoint answered or why it could not."""

    at: float
    status: int | None
    error: str | None


@dataclass(slots=True)
class Delivery(Kept):
    """One event on its way to the endpoint."""

    id: str
    event: JsonObject
    state: State
    target: Target | None = None
    """None: the configured endpoint, wherever that is by then."""
    attempts: list[Attempt] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def shown(self) -> JsonObject:
        """What `GET /control/stripe/deliveries` shows."""
        return {
            "id": self.id,
            "event": self.event["id"],
            "type": self.event["type"],
            "state": self.state,
            "attempts": [{"at": a.at, "status": a.status, "error": a.error} for a in self.attempts],
        }


class Webhooks:
    """The configured endpoint, those that are registered, and everything on its way there."""

    def __init__(
        self, settings: Settings, clock: Clock, faults: Faults, store: Store, keeper: Keeper
    ) -> None:
        self.url = settings.webhook_url
        self.secrets = [settings.webhook_secret]
        self.paused = False
        self.skew_s = 0
        self.retry_scale = settings.webhook_retry_scale
        self._keeper = keeper
        self._kept: Table[str, Delivery] = keeper.table(
            "stripe deliveries",
            lambda it: {**it.told("settled"), "event": it.event["id"]},
            lambda body: _again(body, store),
        )
        self.deliveries = list(self._kept.values())
        self.registered: Callable[[str], list[Target]] = lambda kind: []
        self._timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout_s)
        self._clock = clock
        self._faults = faults
        self._of_event: dict[str, list[Delivery]] = {}
        for delivery in self.deliveries:
            self._of_event.setdefault(delivery.event["id"], []).append(delivery)
        self._overtaken: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connection pool, and go on with what was on its way."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        for delivery in self.deliveries:
            if delivery.state is State.WAITING:
                self._spawn(self._run(delivery))

    async def stop(self) -> None:
        """Drop what is still on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def deliver(self, event: JsonObject) -> None:
        """Send the event, unless paused; only the configured endpoint suffers faults."""
        for target in self.registered(event["type"]):
            state = State.HELD if self.paused else State.WAITING
            delivery = self._keep(event, state, target)
            if not self.paused:
                self._spawn(self._run(delivery))
        if self.url:
            self._deliver(event)

    def _deliver(self, event: JsonObject) -> None:
        if self._faults.take(PARTY, event["type"], Kind.SILENCE):
            self._keep(event, State.SILENCED)
            return
        delivery = self._keep(event, State.HELD if self.paused else State.WAITING)
        if self.paused:
            return
        if fault := self._faults.take(PARTY, event["type"], Kind.REORDER):
            self._overtaken.append(delivery)
            self._spawn(self._after_the_next(delivery, fault.delay_s or REORDER_WAIT_S))
            return
        if self._faults.take(PARTY, event["type"], Kind.DUPLICATE):
            self._spawn(self._run(self._keep(event, State.WAITING)))
        self._spawn(self._run(delivery))
        self._let_pass(delivery)

    def replay(self, event: JsonObject, times: int) -> list[Delivery]:
        """Send an event again, whatever happened to it before and even while paused."""
        again = [self._keep(event, State.WAITING) for _ in range(times)]
        for delivery in again:
            self._spawn(self._run(delivery))
        return again

    def release(self, ids: list[str] | None = None) -> list[Delivery]:
        """Send held deliveries, one after the other in the given order (delivery or event ids)."""
        held = [d for d in self.deliveries if d.state is State.HELD]
        if ids is not None:
            by_id = {**{d.event["id"]: d for d in held}, **{d.id: d for d in held}}
            if unknown := [id for id in ids if id not in by_id]:
                raise StripeError(f"not held: {unknown}")
            held = [by_id[id] for id in ids]
        for delivery in held:
            delivery.state = State.WAITING
        self._spawn(self._in_order(held))
        return held

    def pending(self, event_id: str) -> int:
        """How many deliveries of the event have not arrived."""
        waiting = (State.WAITING, State.HELD)
        return sum(d.state in waiting for d in self._of_event.get(event_id, ()))

    async def settled(self, deliveries: list[Delivery], within_s: float) -> None:
        """Wait until each has arrived or is given up, at most so long."""
        waits = [asyncio.ensure_future(d.settled.wait()) for d in deliveries]
        if waits:
            _, late = await asyncio.wait(waits, timeout=within_s)
            for wait in late:
                wait.cancel()

    def _keep(self, event: JsonObject, state: State, target: Target | None = None) -> Delivery:
        delivery = Delivery(random_id("whd"), event, state, target)
        self.deliveries.append(delivery)
        self._kept[delivery.id] = delivery
        self._of_event.setdefault(event["id"], []).append(delivery)
        return delivery

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _let_pass(self, delivery: Delivery) -> None:
        overtaken, self._overtaken = self._overtaken, []
        for late in overtaken:
            self._spawn(self._follow(delivery, late))

    async def _follow(self, first: Delivery, late: Delivery) -> None:
        await self.settled([first], self._timeout.total or REORDER_WAIT_S)
        await self._run(late)

    async def _after_the_next(self, delivery: Delivery, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        if delivery in self._overtaken:
            self._overtaken.remove(delivery)
            await self._run(delivery)

    async def _in_order(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            if await self._attempt(delivery):
                continue
            self._spawn(self._retry(delivery))

    async def _run(self, delivery: Delivery) -> None:
        async with self._slots:
            arrived = await self._attempt(delivery)
        if not arrived:
            await self._retry(delivery)

    async def _retry(self, delivery: Delivery) -> None:
        for pause in RETRY_S:
            await self._clock.wait_until(self._clock.time() + pause * self.retry_scale)
            async with self._slots:
                if await self._attempt(delivery):
                    return
        delivery.state = State.FAILED
        delivery.settled.set()

    async def _attempt(self, delivery: Delivery) -> bool:
        if self._session is None:
            raise RuntimeError("the webhooks were not started")
        self._keeper.flush()  # nobody is told of what could still be forgotten
        shown = {**delivery.event, "pending_webhooks": self.pending(delivery.event["id"])}
        body = json.dumps(shown, indent=2).encode()
        target = delivery.target
        url, secrets = (target.url, [target.secret]) if target else (self.url, self.secrets)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": self.signature(body, secrets),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        status, error = None, None
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        delivery.attempts.append(Attempt(self._clock.time(), status, error))
        delivery.changed()
        if status is None or not 200 <= status < 300:
            return False
        delivery.state = State.DELIVERED
        delivery.settled.set()
        return True

    def signature(self, body: bytes, secrets: list[str]) -> str:
        """The `Stripe-Signature` header: one v1 for each secret that is valid now."""
        moment = self._clock.timestamp() + self.skew_s
        payload = f"{moment}.".encode() + body
        marks = [hmac.new(s.encode(), payload, hashlib.sha256).hexdigest() for s in secrets]
        return ",".join([f"t={moment}", *(f"v1={mark}" for mark in marks)])


def _again(body: JsonObject, store: Store) -> Delivery:
    delivery = Delivery(**{**body, "event": store.get("event", body["event"])})
    if delivery.state in (State.DELIVERED, State.FAILED):
        delivery.settled.set()
    return delivery
