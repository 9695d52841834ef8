"""games.roblox.com and the place lookup of apis.roblox.com: games and who owns them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.roblox.replies import (
    ID,
    ApiError,
    Outage,
    answering,
    data,
    ids_asked,
    page,
    stamp,
)
from sandbox.roblox.world import Game, Owner, OwnerType, World

MOST_UNIVERSES = 50
ACCESS_FILTERS = ("1", "2", "4")  # all, public, private
PRIVATE_ONLY = "4"


class Games:
    """Read access to games, as anyone without a login has it: private games stay unseen."""

    def __init__(self, world: World, outage: Outage) -> None:
        self._world = world
        self._outage = outage

    def routes(self) -> list[web.RouteDef]:
        """The routes of the hosts `games` and `apis`."""
        games, apis = "/roblox/games", "/roblox/apis"
        return [
            self._get("games", games + f"/v2/users/{ID}/games", self.of_user),
            self._get("games", games + f"/v2/groups/{ID}/games", self.of_group),
            self._get("games", games + "/v1/games", self.by_universe),
            self._get(
                "apis",
                apis + f"/universes/v1/places/{ID}/universe",
                self.universe_of,
            ),
        ]

    def _get(self, host: str, path: str, handler: Any) -> web.RouteDef:
        return web.get(path, answering(self._outage, host, handler))

    def of_user(self, request: web.Request) -> web.Response:
        """One page of the games a person owns in their own name."""
        user_id = int(request.match_info["id"])
        if user_id not in self._world.users:
            raise ApiError(400, 1, "Invalid user id.")
        return self._owned(request, Owner(OwnerType.USER, user_id))

    def of_group(self, request: web.Request) -> web.Response:
        """One page of the games a group owns."""
        group_id = int(request.match_info["id"])
        if group_id not in self._world.groups:
            raise ApiError(400, 1, "The group is invalid or does not exist.")
        return self._owned(request, Owner(OwnerType.GROUP, group_id))

    def by_universe(self, request: web.Request) -> web.Response:
        """The details of the universes asked for; unknown ones are left out."""
        asked = ids_asked(request, "universeIds", MOST_UNIVERSES)
        known = (self._world.games.get(number) for number in dict.fromkeys(asked))
        return data(self._details(game) for game in known if game is not None)

    def universe_of(self, request: web.Request) -> web.Response:
        """The universe a place belongs to; null where there is none."""
        place_id = int(request.match_info["id"])
        found = (g.universe_id for g in self._world.games.values() if g.place_id == place_id)
        return web.json_response({"universeId": next(found, None)})

    def _owned(self, request: web.Request, owner: Owner) -> web.Response:
        access = request.query.get("accessFilter", "1")
        if access not in ACCESS_FILTERS:
            raise ApiError(400, 0, "The accessFilter is invalid.")
        games: Iterable[Game] = () if access == PRIVATE_ONLY else self._world.games.values()
        owned = (game for game in games if game.owner == owner and game.about.public)
        return page(request, owned, lambda game: game.universe_id, _summary)

    def _details(self, game: Game) -> dict[str, Any]:
        about = game.about
        creator = {
            "id": game.owner.id,
            "name": self._world.owner_name(game.owner),
            "type": game.owner.type,
            "isRNVAccount": False,
            "hasVerifiedBadge": False,
        }
        return {
            "id": game.universe_id,
            "rootPlaceId": game.place_id,
            "name": about.name,
            "description": about.description,
            "sourceName": about.name,
            "sourceDescription": about.description,
            "creator": creator,
            "playing": about.playing,
            "visits": about.visits,
            "created": stamp(game.created),
            "updated": stamp(game.updated),
            **_constants(),
        }


def _summary(game: Game) -> dict[str, Any]:
    # The live listing names no creator: only id and type; the name comes from /v1/games.
    return {
        "id": game.universe_id,
        "name": game.about.name,
        "description": game.about.description,
        "creator": {"id": game.owner.id, "type": game.owner.type},
        "rootPlace": {"id": game.place_id, "type": "Place"},
        "created": stamp(game.created),
        "updated": stamp(game.updated),
        "placeVisits": game.about.visits,
    }


def _constants() -> dict[str, Any]:
    return {
        "price": None,
        "allowedGearGenres": ["All"],
        "allowedGearCategories": [],
        "isGenreEnforced": True,
        "copyingAllowed": False,
        "maxPlayers": 50,
        "studioAccessToApisAllowed": False,
        "createVipServersAllowed": False,
        "universeAvatarType": "MorphToR15",
        "genre": "All",
        "genre_l1": "",
        "genre_l2": "",
        "isAllGenre": True,
        "isFavoritedByUser": False,
        "favoritedCount": 0,
    }
