"""Stripe, played: stateful, with books of its own and Stripe's own errors."""

import asyncio
import json
from functools import partial

from aiohttp import web

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.faults import Faults, Kind
from sandbox.keeping import Keeper
from sandbox.stripe import balance, webhook_endpoints
from sandbox.stripe.accounts import Links
from sandbox.stripe.api import PREFIX, Api
from sandbox.stripe.control import Control
from sandbox.stripe.errors import injected
from sandbox.stripe.events import Events
from sandbox.stripe.idempotency import Keys
from sandbox.stripe.operations import included, operations
from sandbox.stripe.pages import Pages
from sandbox.stripe.settings import read
from sandbox.stripe.store import Store, random_id
from sandbox.stripe.webhooks import Webhooks
from sandbox.stripe.world import build_world

TICK_S = 0.2


class Stripe:
    """The party behind `/stripe/…`, `/v1/…` and `/control/stripe/…`."""

    at_root = "v1"

    def __init__(self, config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> None:
        settings = read(config)
        store = Store(clock, keeper)
        self._keeper = keeper
        self._webhooks = Webhooks(settings, clock, faults, store, keeper)
        events = Events(store, settings.api_version, self._webhooks.deliver)
        self._world = build_world(clock, settings, store, events, keeper)
        self._webhooks.registered = partial(webhook_endpoints.listening, self._world)
        self._links = Links(keeper)
        self._ticks: asyncio.Task[None] | None = None
        if settings.opening_balance_minor and not store.all("balance_transaction"):
            balance.post(self._world, "topup", settings.opening_balance_minor)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the party."""
        world = self._world
        api = Api(world, operations(self._links), included(world), Keys(world.clock, self._keeper))
        pages, control = Pages(world, self._links), Control(world, self._webhooks)
        return [*pages.routes(), *control.routes(), *api.routes()]

    def takes_fault(self, request: web.Request, kind: Kind) -> bool:
        """The API itself suffers delays and late errors, because idempotency sees both."""
        inside = kind in (Kind.DELAY, Kind.STATUS_AFTER)
        return inside and request.path.removeprefix(PREFIX).startswith(f"/{self.at_root}/")

    def error_response(self, status: int) -> web.Response:
        """An injected failure in Stripe's words."""
        request_id = random_id("req", 14)
        return web.Response(
            text=json.dumps(injected(status).body(request_id), indent=2),
            status=status,
            content_type="application/json",
            headers={"Request-Id": request_id},
        )

    async def start(self) -> None:
        """Begin to deliver webhooks and to do what falls due."""
        await self._webhooks.start()
        self._ticks = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        """End all work in the background."""
        if self._ticks is not None:
            self._ticks.cancel()
        await self._webhooks.stop()

    async def _tick(self) -> None:
        while True:
            with self._keeper.request():
                self._world.agenda.run_due(self._world)
            await asyncio.sleep(TICK_S)


def build(config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> Stripe:
    """Make the party; nothing runs before `start`."""
    return Stripe(config, clock, faults, keeper)
