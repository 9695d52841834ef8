"""A Roblox that runs, with two traders and a game, and events about a deal between them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from aiohttp import web
from chassis.storage.database import Database
from chassis.storage.timers import Timer, Timers
from contracts_schema.events.verification import Purpose
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import new_id
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse
from verification import handlers
from verification.adapters.game_ownership import Roblox
from verification.domain.verification import Verification
from verification.domain.watch import Watch
from verification.handlers.verification import Asking
from verification.jobs import timers

SELLER, BUYER, STRANGER, GAME = 1001, 1002, 1003, 777
DAY = timedelta(days=1)
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS; to load everybody's certificates for each client would take longest."""


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

    async def vanish(self) -> None:
        """Roblox takes the game away."""
        answer = await self.http.delete(f"{self.base}/control/roblox/games/{GAME}")
        answer.raise_for_status()

    async def reappear(self, owner: int) -> None:
        """The game is there again."""
        owned_by = {"type": "User", "id": owner}
        game = {"name": "Tower", "owner": owned_by, "universe_id": GAME}
        await self.control("/roblox/games", game)

    async def group(self, *members: tuple[int, str, int], owner: int = STRANGER) -> int:
        """A group with these members (account, role, rank) that owns the game from now on."""
        order = {
            "name": "Studio",
            "owner": owner,
            "members": [{"user": user, "role": role, "rank": rank} for user, role, rank in members],
        }
        group_id: int = (await self.control("/roblox/groups", order))["id"]
        to = {"type": "Group", "id": group_id}
        await self.control(f"/roblox/games/{GAME}/transfer", {"to": to})
        return group_id

    async def busy(self, host: str, seconds: int, status: int = 429) -> None:
        """The next question to this host is answered with: ask again in so many seconds."""
        fault = {"party": "roblox", "match": f"GET /{host}/*", "kind": "status", "status": status}
        await self.control("/faults", fault | {"headers": {"Retry-After": str(seconds)}})

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
    async with httpx.AsyncClient(verify=PLAIN) as http:
        yield World(base, http)
    await runner.cleanup()


def a_question(user_id: str, listing_id: str | None = None) -> Verification:
    """Whether this user owns the game, asked for a listing."""
    return Verification(
        new_id("ver"), user_id, str(GAME), Purpose.LISTING, listing_id=listing_id or new_id("lst")
    )


async def topics(db: Database) -> list[str]:
    """What was told, in order."""
    return [row["topic"] for row in await db.rows("SELECT topic FROM outbox ORDER BY position")]


def asking(games: Roblox) -> Asking:
    """Questions are put to this Roblox; proofs count for a day."""
    return Asking({DEFAULT_KIND: games}, DAY)


def due(games: Roblox) -> Timers:
    """What is done when it is due."""
    return timers(asking(games))


def a_timer(subject_id: str) -> Timer:
    """A timer of this subject that fires."""
    return Timer("look", "look", subject_id, datetime.now(UTC), {}, 0)


async def ask_and_answer(db: Database, games: Roblox, question: Verification) -> None:
    """Write the question down, and do what is due."""
    async with db.transaction() as tx:
        await handlers.verification.request(tx, question)
    await due(games).once(db)


async def a_delivered_watch(
    db: Database, traders: tuple[str, str], state: str = "DELIVERED"
) -> str:
    """The goods of a deal between these two are said to be delivered; the escrow's id."""
    escrow_id = new_id("esc")
    async with db.transaction() as tx:
        until = tx.now() + timedelta(days=7)
        watch = Watch(escrow_id, new_id("ofr"), str(GAME), *traders, state, until=until)
        await handlers.watch.begin(tx, watch)
    return escrow_id
