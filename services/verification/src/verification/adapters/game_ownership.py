"""Games at Roblox (GAME_OWNERSHIP): its public APIs of games, groups and thumbnails.

A game is owned by its creator; one that a group owns counts through the group's roles. The only
file that talks to Roblox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import ceil
from typing import Any

import httpx
from chassis.clock import Clock
from contracts_schema.events.verification import Ownership

from verification.domain.asset import Asset
from verification.domain.errors import ProviderUnavailable

PROVIDER = "roblox"
LARGEST_ACCOUNT = 2**63
GROUP_OWNER_RANK = 255
ADMIN_RANK = 200
TIMEOUT_S = 3.0
MOST_GAMES = 50
MOST_WAIT_S = 24 * 3600
SNAPSHOT_FIELDS = ("rootPlaceId", "description", "created", "updated", "visits", "playing")
UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)
NOT_TEXT = {0: None} | dict.fromkeys(range(0xD800, 0xE000))
"""What JSON can say and no database text can hold: NUL, and halves of a character."""


class OwnerKind(StrEnum):
    """Who can own a game at Roblox."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class GroupRole:
    """A person's place in a group: its rank (1 to 255) and the role's name."""

    rank: int
    name: str


def ownership(asset: Asset, account_id: str, role: GroupRole | None) -> Ownership | None:
    """How this person controls the game; ``role`` is theirs in the group that owns it."""
    if asset.owner_kind == OwnerKind.USER:
        return Ownership.OWNER if asset.owner_id == account_id else None
    if role is None:
        return None
    if role.rank >= GROUP_OWNER_RANK:
        return Ownership.OWNER
    if role.rank >= ADMIN_RANK or "admin" in role.name.lower():
        return Ownership.ADMIN
    if "developer" in role.name.lower():
        return Ownership.DEVELOPER
    return None


class Roblox:
    """A client of the hosts that the template names (``https://{host}.roblox.com``).

    A host that says when to ask again is not asked before.
    """

    provider = PROVIDER

    def __init__(self, template: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self._template, self._http, self._clock = template, http, clock
        self._not_before: dict[str, datetime] = {}

    def account_id(self, written: str) -> str:
        """The account's number, written without leading zeros; ValueError if it is none."""
        number = int(written) if written.isascii() and written.isdigit() else 0
        if not 1 <= number < LARGEST_ACCOUNT:
            raise ValueError(f"{written[:40]!r} is no account at Roblox")
        return str(number)

    async def asset(self, asset_id: str) -> Asset | None:
        """The game as it is now, with its icon, or None if Roblox shows none."""
        found = await self._data("games", "/v1/games", {"universeIds": asset_id})
        shown = (_asset(game) for game in found)
        game = next((it for it in shown if int(it.asset_id) == int(asset_id)), None)
        if game is None:
            return None
        return replace(game, asset_id=asset_id, thumbnail_url=await self._icon(asset_id))

    async def ownership(self, asset: Asset, account_id: str) -> Ownership | None:
        """How this person controls the game, through the group's roles where a group owns it."""
        role = None
        if asset.owner_kind == OwnerKind.GROUP:
            role = await self.group_role(account_id, asset.owner_id)
        return ownership(asset, account_id, role)

    async def group_role(self, account_id: str, group_id: str) -> GroupRole | None:
        """The person's role in that group, if any."""
        return (await self._roles(account_id)).get(group_id)

    async def assets_of(self, account_id: str) -> list[Asset]:
        """Games this person owns, alone or through a group they own; at most 50 of each owner."""
        owned = [group for group, role in (await self._roles(account_id)).items()
                 if role.rank >= GROUP_OWNER_RANK]  # fmt: skip
        query = {"accessFilter": "2", "limit": str(MOST_GAMES)}
        paths = [f"/v2/users/{account_id}/games", *(f"/v2/groups/{it}/games" for it in owned)]
        return [_asset(it) for path in paths for it in await self._data("games", path, query)]

    async def _icon(self, asset_id: str) -> str:
        """Its address, or nothing: a picture that cannot be had keeps nobody from a proof."""
        query = {"universeIds": asset_id, "size": "256x256", "format": "Png"}
        try:
            icons = await self._data("thumbnails", "/v1/games/icons", query)
        except ProviderUnavailable:
            return ""
        url = next((_text(it.get("imageUrl", ""), 512) for it in icons if isinstance(it, dict)), "")
        return url if url.startswith(("https://", "http://127.0.0.1")) else ""

    async def _roles(self, account_id: str) -> dict[str, GroupRole]:
        data = await self._data("groups", f"/v1/users/{account_id}/groups/roles", {})
        try:
            return {
                str(int(it["group"]["id"])): GroupRole(
                    int(it["role"]["rank"]), str(it["role"]["name"])
                )
                for it in data
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _unavailable("role_unreadable") from error

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
        except (httpx.HTTPError, *UNREADABLE) as error:
            asked = f"{host}{path}: {type(error).__name__}"
            raise _unavailable("provider_unreachable", asked=asked) from error
        if not isinstance(data, list):
            raise _unavailable("provider_unreadable", asked=f"{host}{path}")
        return data

    def _close(self, host: str, headers: Mapping[str, str]) -> None:
        now = self._clock.now()
        if wait := retry_after(headers.get("retry-after", ""), now):
            self._not_before[host] = now + wait

    def _require_open(self, host: str) -> None:
        wait = self._not_before.get(host, self._clock.now()) - self._clock.now()
        if wait > timedelta():
            seconds = ceil(wait.total_seconds())
            raise _unavailable("provider_busy", seconds)


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
            owner_kind=OwnerKind(creator["type"]),
            owner_id=str(int(creator["id"])),
            details=tuple(
                (name, _text(game[name], 2000)) for name in SNAPSHOT_FIELDS if name in game
            ),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _unavailable("asset_unreadable") from error


def _text(value: Any, most: int) -> str:
    return str(value).translate(NOT_TEXT)[:most]


def _unavailable(wording: str, retry_after_s: int = 0, **params: object) -> ProviderUnavailable:
    return ProviderUnavailable(wording, PROVIDER, retry_after_s, **params)
