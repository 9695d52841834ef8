"""Composition of the played Roblox."""

from __future__ import annotations

from aiohttp import web
from pydantic import ValidationError

from sandbox.clock import Clock
from sandbox.config import BadConfig, Config
from sandbox.faults import Faults
from sandbox.keeping import Keeper
from sandbox.roblox.authorize import Authorize
from sandbox.roblox.clients import Clients
from sandbox.roblox.control import Control
from sandbox.roblox.games import Games
from sandbox.roblox.grants import GrantBook
from sandbox.roblox.oauth import OAuth
from sandbox.roblox.orders import Settings
from sandbox.roblox.people import People
from sandbox.roblox.replies import Outage, answering, failure, not_found
from sandbox.roblox.signing import Signer
from sandbox.roblox.thumbnails import Thumbnails
from sandbox.roblox.world import Refused, World


class Roblox:
    """Roblox as the sandbox plays it: login, web APIs, pictures and control."""

    def __init__(self, settings: Settings, clock: Clock, base_url: str, keeper: Keeper) -> None:
        self._settings = settings
        self._base_url = base_url.rstrip("/")
        self._world = World(clock.now, keeper)
        self._grants = GrantBook(clock.now, keeper)
        self._signer = Signer(keeper)
        self._outage = Outage()
        if not self._world.users:
            settings.seed(self._world)

    def routes(self) -> list[web.RouteDef]:
        """All routes; the last one answers for every path Roblox does not have."""
        world, outage = self._world, self._outage
        clients = Clients(self._settings.clients)
        return [
            *Authorize(world, clients, self._grants, outage).routes(),
            *OAuth(world, clients, self._grants, self._base_url, self._signer).routes(outage),
            *Games(world, outage).routes(),
            *People(world, outage).routes(),
            *Thumbnails(world, outage, self._base_url).routes(),
            *Control(world, outage).routes(),
            web.route("*", "/roblox/{tail:.*}", answering(outage, "", not_found)),
        ]

    def error_response(self, status: int) -> web.Response:
        """An ordered fault, in Roblox's own words."""
        return failure(status)


def build(config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> Roblox:
    """Roblox with the clients and the seed of the configuration's `roblox` section."""
    try:
        settings = Settings.model_validate(dict(config.roblox.values))
        return Roblox(settings, clock, config.base_url, keeper)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in ("roblox", *first["loc"]))
        raise BadConfig(f"{place}: {first['msg']}") from None
    except Refused as error:
        raise BadConfig(f"roblox: {error}") from None
