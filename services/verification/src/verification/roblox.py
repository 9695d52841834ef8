"""Roblox's public APIs: games, groups and thumbnails. The only file that talks to Roblox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

import httpx
from chassis.clock import Clock

from verification.domain.errors import RobloxUnavailable
from verification.domain.ownership import GROUP_OWNER_RANK, Asset, CreatorKind, GroupRole

TIMEOUT_S = 3.0
MOST_GAMES = 50
MOST_WAIT_S = 24 * 3600
SNAPSHOT_FIELDS = ("rootPlaceId", "description", "created", "updated", "visits", "playing")
NOT_TEXT = {0: None} | dict.fromkeys(range(0xD800, 0xE000))
"""What JSON can say and no database text can hold: NUL, and halves of a character."""


class Roblox:
    """A client of the hosts that the template names (``https://{host}.roblox.com``).

    A host that says when to ask again is not asked before.
    """

    def __init__(self, template: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self._template, self._http, self._clock = template, http, clock
        self._not_before: dict[str, datetime] = {}

    async def asset(self, asset_id: str) -> Asset | None:
        """The game as it is now, with its icon, or None if Roblox shows none."""
        found = await self._data("games", "/v1/games", {"universeIds": asset_id})
        shown = (_asset(game) for game in found)
        game = next((it for it in shown if int(it.asset_id) == int(asset_id)), None)
        if game is None:
            return None
        return replace(game, asset_id=asset_id, thumbnail_url=await self._icon(asset_id))

    async def group_role(self, roblox_user_id: int, group_id: int) -> GroupRole | None:
        """The person's role in that group, if any."""
        return (await self._roles(roblox_user_id)).get(group_id)

    async def games_of(self, roblox_user_id: int) -> list[Asset]:
        """Games this person owns, alone or through a group they own; at most 50 of each owner."""
        owned = [group for group, role in (await self._roles(roblox_user_id)).items()
                 if role.rank >= GROUP_OWNER_RANK]  # fmt: skip
        query = {"accessFilter": "2", "limit": str(MOST_GAMES)}
        paths = [f"/v2/users/{roblox_user_id}/games", *(f"/v2/groups/{it}/games" for it in owned)]
        return [_asset(it) for path in paths for it in await self._data("games", path, query)]

    async def _icon(self, asset_id: str) -> str:
        """Its address, or nothing: a picture that cannot be had keeps nobody from a proof."""
        query = {"universeIds": asset_id, "size": "256x256", "format": "Png"}
        try:
            icons = await self._data("thumbnails", "/v1/games/icons", query)
        except RobloxUnavailable:
            return ""
        url = next((_text(it.get("imageUrl", ""), 512) for it in icons if isinstance(it, dict)), "")
        return url if url.startswith(("https://", "http://127.0.0.1")) else ""

    async def _roles(self, roblox_user_id: int) -> dict[int, GroupRole]:
        data = await self._data("groups", f"/v1/users/{roblox_user_id}/groups/roles", {})
        try:
            return {
                int(it["group"]["id"]): GroupRole(int(it["role"]["rank"]), str(it["role"]["name"]))
                for it in data
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RobloxUnavailable("Roblox described a role in a way we do not know.") from error

    async def _data(self, host: str, path: str, query: dict[str, str]) -> list[Any]:
        """What the host lists; nothing where it says that what is asked for cannot exist (400)."""
        self._require_open(host)
        url = self._template.format(host=host) + path
        try:
            answer = await self._http.get(url, params=query, timeout=TIMEOUT_S)
            if answer.status_code == 400:
                return []
            if answer.is_error:
                self._close(host, answer.headers)
                self._require_open(host)
            answer.raise_for_status()
            data = answer.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            shown = f"{host}{path}: {type(error).__name__}"
            raise RobloxUnavailable(f"Roblox could not be asked ({shown}).") from error
        if not isinstance(data, list):
            raise RobloxUnavailable(f"Roblox answered something else ({host}{path}).")
        return data

    def _close(self, host: str, headers: Mapping[str, str]) -> None:
        now = self._clock.now()
        if wait := retry_after(headers.get("retry-after", ""), now):
            self._not_before[host] = now + wait

    def _require_open(self, host: str) -> None:
        wait = self._not_before.get(host, self._clock.now()) - self._clock.now()
        if wait > timedelta():
            seconds = ceil(wait.total_seconds())
            raise RobloxUnavailable(f"Roblox asks us to wait for {seconds} seconds.", seconds)


def retry_after(text: str, now: datetime) -> timedelta:
    """How long the header asks us to wait, a day at most; nothing where it says no such thing."""
    try:
        seconds = float(text) if text.isascii() and text.isdigit() else _until(text, now)
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return timedelta(seconds=min(max(seconds, 0.0), MOST_WAIT_S))


def _until(text: str, now: datetime) -> float:
    at = parsedate_to_datetime(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _asset(game: dict[str, Any]) -> Asset:
    try:
        creator = game["creator"]
        return Asset(
            asset_id=str(int(game["id"])),
            name=_text(game["name"], 255),
            creator_kind=CreatorKind(creator["type"]),
            creator_id=int(creator["id"]),
            details=tuple(
                (name, _text(game[name], 2000)) for name in SNAPSHOT_FIELDS if name in game
            ),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RobloxUnavailable("Roblox described a game in a way we do not know.") from error


def _text(value: Any, most: int) -> str:
    return str(value).translate(NOT_TEXT)[:most]
