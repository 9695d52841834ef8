"""Stripe, played from memory: stateful, with books of its own and Stripe's own errors."""

import asyncio
import json

from aiohttp import web

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.faults import Faults, Kind
from sandbox.stripe import balance
from sandbox.stripe.accounts import Links
from sandbox.stripe.api import PREFIX, Api
from sandbox.stripe.control import Control
from sandbox.stripe.errors import injected
from sandbox.stripe.events import Events
from sandbox.stripe.operations import included, operations
from sandbox.stripe.pages import Pages
from sandbox.stripe.settings import read
from sandbox.stripe.store import Store, random_id
from sandbox.stripe.webhooks import Webhooks
from sandbox.stripe.world import Agenda, World

TICK_S = 0.2


class Stripe:
    """The party behind `/stripe/…` and `/control/stripe/…`."""

    def __init__(self, config: Config, clock: Clock, faults: Faults) -> None:
        settings = read(config)
        store = Store(clock)
        self._webhooks = Webhooks(settings, clock, faults)
        events = Events(store, settings.api_version, self._webhooks.deliver)
        self._world = World(clock, settings, store, events, Agenda(clock))
        self._links = Links()
        self._ticks: asyncio.Task[None] | None = None
        if settings.opening_balance_minor:
            balance.post(self._world, "topup", settings.opening_balance_minor)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the party."""
        world = self._world
        api = Api(world, operations(self._links), included(world))
        pages, control = Pages(world, self._links), Control(world, self._webhooks)
        return [*pages.routes(), *control.routes(), *api.routes()]

    def takes_fault(self, request: web.Request, kind: Kind) -> bool:
        """The API itself suffers delays and late errors, because idempotency sees both."""
        inside = kind in (Kind.DELAY, Kind.STATUS_AFTER)
        return inside and request.path.startswith(f"{PREFIX}/v1/")

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
            self._world.agenda.run_due()
            await asyncio.sleep(TICK_S)


def build(config: Config, clock: Clock, faults: Faults) -> Stripe:
    """Make the party; nothing runs before `start`."""
    return Stripe(config, clock, faults)
