"""Roblox's public APIs: games, groups and thumbnails. The only file that talks to Roblox."""

from __future__ import annotations

from typing import Any

import httpx

from verification.domain.errors import RobloxUnavailable
from verification.domain.ownership import GROUP_OWNER_RANK, Asset, CreatorKind, GroupRole

TIMEOUT_S = 3.0
MOST_GAMES = 50
SNAPSHOT_FIELDS = ("rootPlaceId", "description", "created", "updated", "visits", "playing")


class Roblox:
    """A client of the hosts that the template names (``https://{host}.roblox.com``)."""

    def __init__(self, template: str, http: httpx.AsyncClient) -> None:
        self._template, self._http = template, http

    async def asset(self, asset_id: str) -> Asset | None:
        """The game as it is now, with its icon, or None if Roblox knows none."""
        found = await self._data("games", "/v1/games", {"universeIds": asset_id})
        if not found:
            return None
        icons = await self._data(
            "thumbnails",
            "/v1/games/icons",
            {"universeIds": asset_id, "size": "256x256", "format": "Png"},
        )
        return _asset(found[0], next((icon.get("imageUrl", "") for icon in icons), ""))

    async def group_role(self, roblox_user_id: int, group_id: int) -> GroupRole | None:
        """The person's role in that group, if any."""
        for entry in await self._roles(roblox_user_id):
            if entry["group"]["id"] == group_id:
                return GroupRole(int(entry["role"]["rank"]), str(entry["role"]["name"]))
        return None

    async def games_of(self, roblox_user_id: int) -> list[Asset]:
        """Games this person owns, alone or through a group they own; at most 50 of each owner."""
        query = {"accessFilter": "2", "limit": str(MOST_GAMES)}
        path = f"/v2/users/{roblox_user_id}/games"
        own = [_asset(game, "") for game in await self._data("games", path, query)]
        for entry in await self._roles(roblox_user_id):
            if int(entry["role"]["rank"]) >= GROUP_OWNER_RANK:
                path = f"/v2/groups/{entry['group']['id']}/games"
                own += [_asset(game, "") for game in await self._data("games", path, query)]
        return own

    async def _roles(self, roblox_user_id: int) -> list[dict[str, Any]]:
        return await self._data("groups", f"/v1/users/{roblox_user_id}/groups/roles", {})

    async def _data(self, host: str, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        url = self._template.format(host=host) + path
        try:
            answer = await self._http.get(url, params=query, timeout=TIMEOUT_S)
            if answer.status_code in {400, 404}:
                return []
            answer.raise_for_status()
            data = answer.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            shown = f"{host}{path}: {type(error).__name__}"
            raise RobloxUnavailable(f"Roblox could not be asked ({shown})") from error
        if not isinstance(data, list):
            raise RobloxUnavailable(f"Roblox answered something else ({host}{path})")
        return data


def _asset(game: dict[str, Any], icon: str) -> Asset:
    try:
        creator = game["creator"]
        return Asset(
            asset_id=str(game["id"]),
            name=str(game["name"])[:255],
            creator_kind=CreatorKind(creator["type"]),
            creator_id=int(creator["id"]),
            details=tuple(
                (name, str(game[name])[:2000]) for name in SNAPSHOT_FIELDS if name in game
            ),
            thumbnail_url=icon if icon.startswith(("https://", "http://127.0.0.1")) else "",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RobloxUnavailable("Roblox described a game in a way we do not know") from error
