"""A Roblox that runs, with two traders and a game, and events about a deal between them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from aiohttp import web
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

SELLER, BUYER, STRANGER, GAME = 1001, 1002, 1003, 777


@dataclass(frozen=True, slots=True)
class World:
    """The outside world of these tests."""

    base: str
    http: httpx.AsyncClient

    async def control(self, path: str, body: dict[str, Any]) -> Any:
        """Change the world as its owner."""
        answer = await self.http.post(f"{self.base}/control{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def hand_over(self, to: int) -> None:
        """The seller gives the game to somebody."""
        await self.control(f"/roblox/games/{GAME}/transfer", {"to": {"type": "User", "id": to}})

    async def outage(self, on: bool) -> None:
        """Roblox is away, or back."""
        await self.control("/roblox/outage", {"on": on, "status": 503})


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """A sandbox on a free port with seller, buyer, stranger and the seller's game."""
    seed = {
        "users": [
            {"name": name, "id": number}
            for name, number in (("sela", SELLER), ("bob", BUYER), ("eve", STRANGER))
        ],
        "games": [{"name": "Tower", "owner": {"type": "User", "id": SELLER}, "universe_id": GAME}],
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    runner = web.AppRunner(build_app(parse({"roblox": seed}, base), Clock()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(base.rpartition(":")[2])).start()
    async with httpx.AsyncClient() as http:
        yield World(base, http)
    await runner.cleanup()


def in_a_week(now: datetime) -> datetime:
    """The usual end of a window."""
    return now + timedelta(days=7)
