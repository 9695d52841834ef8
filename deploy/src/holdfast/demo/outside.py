"""The outside world's controls: what people and providers do that is not Holdfast's to do."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import httpx

Json = dict[str, Any]
AWAY = frozenset({502, 503, 504})
"""What the gateway or a service says while one of them restarts."""
RELOADED_FOR_S = 60.0


class Outside:
    """The sandbox, as the driver of a demo or a test commands it."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=70)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def post(self, path: str, body: Json | None = None) -> Json:
        """Ask for an act; raises OutsideRefused with the sandbox's own words."""
        return _told(await self._http.post(f"/control{path}", json=body or {}))

    async def get(self, path: str, **query: Any) -> Json:
        """Look at something."""
        return _told(await self._http.get(f"/control{path}", params=query))

    async def delete(self, path: str) -> None:
        """Take something away."""
        _told(await self._http.delete(f"/control{path}"))

    async def person(self, name: str, display: str | None = None) -> tuple[str, int]:
        """A new person with a Discord and a Roblox account: (Discord id, Roblox id)."""
        discord = await self.post("/discord/users", {"name": name, "display": display or name})
        roblox = await self.post("/roblox/users", {"name": name[:20], "display_name": display})
        return str(discord["id"]), int(roblox["id"])

    async def guild(self, name: str, members: list[str]) -> tuple[str, str]:
        """A new guild with the bot and these members: (guild id, id of its first channel)."""
        guild = await self.post("/discord/guilds", {"name": name, "channels": ["market"]})
        for member in members:
            await self.post("/discord/members", {"guild": guild["id"], "user": member})
        return str(guild["id"]), str(guild["channels"][0]["id"])

    async def game(self, name: str, owner: int) -> str:
        """A new game of this Roblox account; its universe id."""
        game = await self.post(
            "/roblox/games", {"name": name, "owner": {"type": "User", "id": owner}}
        )
        return str(game.get("universe_id") or game["id"])

    async def hand_over(self, asset_id: str, to: int) -> None:
        """The owner gives the game to another account, at Roblox."""
        await self.post(f"/roblox/games/{asset_id}/transfer", {"to": {"type": "User", "id": to}})

    async def books(self, group: str) -> dict[str, int]:
        """What the provider's own books say of one escrow, in minor units."""
        books = await self.get("/books")
        return cast(dict[str, int], books["transfer_groups"].get(group, {}))


class OutsideRefused(RuntimeError):
    """The sandbox would not do it: a client could not have done it either."""

    def __init__(self, message: str, answer: httpx.Response) -> None:
        super().__init__(message)
        self.answer = answer

    @property
    def cause(self) -> str:
        """Why, in the sandbox's own words."""
        try:
            return str(self.answer.json()["error"])
        except (ValueError, LookupError, TypeError):
            return str(self)


def _told(answer: httpx.Response) -> Json:
    if answer.status_code >= 400:
        refused = f"{answer.request.method} {answer.request.url}: {answer.text}"
        raise OutsideRefused(refused, answer)
    return cast(Json, answer.json()) if answer.content else {}


class Browser:
    """A person's web browser: cookies, redirects, and forms that are really on the page."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=30, follow_redirects=True)

    async def close(self) -> None:
        """Close it."""
        await self._http.aclose()

    async def open(self, url: str) -> httpx.Response:
        """Open a page and follow where it leads."""
        return _page(await self._reloaded(await self._http.get(url)))

    async def post(self, url: str, body: Json) -> Json:
        """What a script on a page sends; its cookies stay in the browser."""
        return cast(Json, _page(await self._http.post(url, json=body)).json())

    async def submit(
        self, page: httpx.Response, form: dict[str, str], action: str = ""
    ) -> httpx.Response:
        """Answer the form of a page, which posts to its action: the page's own address if none."""
        sent = await self._http.post(page.url.join(action), data=form)
        return _page(await self._reloaded(sent))

    async def _reloaded(self, answer: httpx.Response) -> httpx.Response:
        """A page that cannot be shown now is loaded again, as people do; no form is sent twice."""
        ends = time.monotonic() + RELOADED_FOR_S
        while (
            answer.status_code in AWAY
            and answer.request.method == "GET"
            and time.monotonic() < ends
        ):
            await asyncio.sleep(0.5)
            answer = await self._http.get(answer.url)
        return answer


def _page(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        refused = f"{answer.request.url.path}: {answer.status_code} {answer.text[:400]}"
        raise OutsideRefused(refused, answer)
    return answer
