"""The control routes: tests and the demo make people, groups and games, and break things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError

from sandbox.roblox.orders import (
    Handover,
    NewGame,
    NewGroup,
    NewMember,
    NewUser,
    Order,
    OutageOrder,
)
from sandbox.roblox.replies import ID, Outage
from sandbox.roblox.world import Game, Refused, World

ROOT = "/control/roblox"
Body = TypeVar("Body", bound=Order)
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Control:
    """Changes the world on order; a refused order changes nothing."""

    def __init__(self, world: World, outage: Outage) -> None:
        self._world = world
        self._outage = outage

    def routes(self) -> list[web.RouteDef]:
        """All routes under `/control/roblox`."""
        game, member = f"/games/{ID}", f"/groups/{ID}/members"
        return [
            web.get(f"{ROOT}/state", _clear(self.state)),
            web.post(f"{ROOT}/users", _clear(self.add_user)),
            web.post(f"{ROOT}/groups", _clear(self.add_group)),
            web.post(ROOT + member, _clear(self.set_member)),
            web.delete(ROOT + member + r"/{user:[0-9]{1,19}}", _clear(self.remove_member)),
            web.post(f"{ROOT}/games", _clear(self.add_game)),
            web.delete(ROOT + game, _clear(self.remove_game)),
            web.post(f"{ROOT}{game}/transfer", _clear(self.transfer)),
            web.post(f"{ROOT}/outage", _clear(self.set_outage)),
        ]

    async def add_user(self, request: web.Request) -> web.Response:
        """Create an account."""
        return _made((await _body(request, NewUser)).apply(self._world))

    async def add_group(self, request: web.Request) -> web.Response:
        """Create a group with its members."""
        return _made((await _body(request, NewGroup)).apply(self._world))

    async def set_member(self, request: web.Request) -> web.Response:
        """Let a person join a group or change the person's role."""
        member = (await _body(request, NewMember)).member()
        return _told(self._world.set_member(int(request.match_info["id"]), member))

    async def remove_member(self, request: web.Request) -> web.Response:
        """Take a person out of a group."""
        group_id, user_id = (
            int(request.match_info["id"]),
            int(request.match_info["user"]),
        )
        return _told(self._world.remove_member(group_id, user_id))

    async def add_game(self, request: web.Request) -> web.Response:
        """Create a game."""
        game = (await _body(request, NewGame)).apply(self._world)
        return web.json_response(_game(game), status=201)

    async def remove_game(self, request: web.Request) -> web.Response:
        """Take a game away, as Roblox does with one that breaks its rules."""
        return web.json_response(_game(self._world.remove_game(int(request.match_info["id"]))))

    async def transfer(self, request: web.Request) -> web.Response:
        """Hand a game over to another owner."""
        to = (await _body(request, Handover)).to.owner()
        return web.json_response(_game(self._world.transfer(int(request.match_info["id"]), to)))

    async def set_outage(self, request: web.Request) -> web.Response:
        """Begin or end an outage."""
        order = await _body(request, OutageOrder)
        self._outage.on, self._outage.status = order.on, order.status
        self._outage.hosts = order.hosts
        return _told(self._outage)

    async def state(self, request: web.Request) -> web.Response:
        """Everything that exists, every transfer so far, and the outage."""
        world = self._world
        body = {
            "users": [_plain(user) for user in world.users.values()],
            "groups": [_plain(group) for group in world.groups.values()],
            "games": [_game(game) for game in world.games.values()],
            "transfers": [_plain(transfer) for transfer in world.transfers],
            "outage": _plain(self._outage),
        }
        return web.json_response(body)


def _clear(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            return web.json_response({"error": f"{place}: {first['msg']}"}, status=400)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=409)

    return answer


async def _body(request: web.Request, kind: type[Body]) -> Body:
    return kind.model_validate_json(await request.read())


def _made(thing: Any) -> web.Response:
    return web.json_response(_plain(thing), status=201)


def _told(thing: Any) -> web.Response:
    return web.json_response(_plain(thing))


def _game(game: Game) -> dict[str, Any]:
    told = _plain(game)
    about = told.pop("about")
    return {**about, **told}


def _plain(thing: Any) -> dict[str, Any]:
    return {key: _value(value) for key, value in asdict(thing).items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
