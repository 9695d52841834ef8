"""A running sandbox, a tiny bot before it, and a driver of people."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
import httpx
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord_contract import Contract
from discord_tiny_bot import TinyBot
from kept_whole import a_keeper, forgotten
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

Line = aiohttp.ClientWebSocketResponse
TOKEN, APPLICATION, SECRET = "a-bot-token", "1200000000000000001", "a-client-secret"
REDIRECT = "http://127.0.0.1:9/callback"


@dataclass
class Harness:
    """Everything a test touches."""

    base: str
    http: httpx.AsyncClient
    clock: Clock
    contract: Contract
    guild: str = ""
    general: str = ""
    bots: list[tuple[TinyBot, asyncio.Task[None]]] = field(default_factory=list)

    async def act(self, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
        """POST to the control API, expecting a status."""
        response = await self.http.post(f"/control/discord{path}", json=body)
        assert response.status_code == status, response.text
        return dict(response.json())

    async def get(self, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
        """GET from the control API."""
        response = await self.http.get(f"/control/discord{path}", params=query)
        assert response.status_code == status, response.text
        return dict(response.json())

    async def outcome(self, interaction_id: str, wait: str = "answered") -> dict[str, Any]:
        """What came of an interaction."""
        return await self.get(f"/interactions/{interaction_id}", wait=wait, timeout=5)

    async def run(self, user: str, command: str, **options: Any) -> dict[str, Any]:
        """Type a command in the guild and wait for the answer."""
        body = {"user": user, "guild": self.guild, "command": command, "options": options}
        started = await self.act("/commands", body)
        return await self.outcome(started["interaction_id"])

    async def rest(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A REST call with the bot's token."""
        headers = {"Authorization": f"Bot {TOKEN}"}
        return await self.http.request(method, f"/discord/api/v10{path}", headers=headers, **kwargs)

    async def guild_channel(self, name: str) -> str:
        """The id of the guild's channel of this name."""
        channels = (await self.get(f"/guilds/{self.guild}"))["channels"]
        return next(str(c["id"]) for c in channels if c["name"] == name)

    async def bot(self) -> TinyBot:
        """Start a bot and wait until it is ready and synced."""
        point_discord_py(self.base)
        bot = TinyBot()
        task = asyncio.create_task(bot.start(TOKEN))
        self.bots.append((bot, task))
        await eventually(lambda: bot.is_ready() or task.done(), 15)
        if task.done():
            task.result()
        return bot

    async def stop_bots(self) -> None:
        """End every bot."""
        for bot, task in self.bots:
            bot.hold.set()
            await bot.close()
            await asyncio.wait((task,), timeout=5)
        self.bots.clear()


def point_discord_py(base: str) -> None:
    """Have the library talk to the sandbox at this address."""
    Route.BASE = f"{base}/discord/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(base.replace("http", "ws") + "/discord/gateway")


class Listener(discord.Client):
    """A client that keeps what it hears."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.1)
        self.heard: list[tuple[str, Any]] = []

    def dispatch(self, event: str, /, *args: Any, **more: Any) -> None:
        """Keep the event with what it is about last: the new state, where there are two."""
        self.heard.append((event, args[-1] if args else None))
        super().dispatch(event, *args, **more)

    async def hears(self, event: str, count: int = 1) -> Any:
        """What the event of this name told last, once it came so often."""

        def told() -> list[Any]:
            return [about for name, about in self.heard if name == event]

        await eventually(lambda: len(told()) >= count, 15)
        return told()[-1]


@contextlib.asynccontextmanager
async def listening(harness: Harness, **intents: bool) -> AsyncIterator[Listener]:
    """An unmodified discord.py that is ready and hears what it has the intents for."""
    point_discord_py(harness.base)
    client = Listener(discord.Intents(guilds=True, **intents))
    task = asyncio.create_task(client.start(TOKEN))
    try:
        await eventually(lambda: client.is_ready() or task.done(), 15)
        if task.done():
            task.result()
        yield client
    finally:
        await client.close()
        await asyncio.wait((task,), timeout=5)


@contextlib.asynccontextmanager
async def a_line(harness: Harness, intents: int) -> AsyncIterator[Line]:
    """An identified session without a library, once it has been told of its guild."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway?v=10&encoding=json") as line,
    ):
        await line.receive_json()
        await line.send_json({"op": 2, "d": {"token": TOKEN, "intents": intents}})
        while (await line.receive_json())["t"] != "GUILD_CREATE":
            pass
        yield line


async def told(line: Line, until: str) -> dict[str, dict[str, Any]]:
    """What the session is told by event, up to and with the event of this name."""
    heard: dict[str, dict[str, Any]] = {}
    while until not in heard:
        payload = await line.receive_json(timeout=10)
        heard[payload["t"]] = payload["d"]
    return heard


async def eventually(check: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until the check holds, but not for ever."""
    async with asyncio.timeout(within_s):
        while not check():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Harness]:
    """A sandbox on a free port with a guild of two, ended with everything in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    section = {"token": TOKEN, "application_id": APPLICATION, "client_secret": SECRET}
    clock, contract = Clock(), Contract.load()
    stack = contextlib.ExitStack()
    keeper = stack.enter_context(a_keeper())
    app = build_app(parse({"discord": {**section, **settings}}, base), clock, keeper=keeper)
    app.middlewares.append(contract.middleware)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with httpx.AsyncClient(base_url=base, timeout=20, verify=False) as http:
        harness = Harness(base, http, clock, contract)
        try:
            await people(harness)
            yield harness
            assert forgotten(keeper) == []
        finally:
            await harness.stop_bots()
            await runner.cleanup()
            stack.close()


async def people(harness: Harness) -> None:
    """A guild with ada, bob and the bot; eve is outside."""
    for name, locale in (("ada", "en-US"), ("bob", "de"), ("eve", "fr")):
        await harness.act("/users", {"name": name, "locale": locale})
    channels: list[Any] = ["general", {"name": "market", "kind": "text"}]
    guild = await harness.act("/guilds", {"name": "Deals", "locale": "de", "channels": channels})
    harness.guild = guild["id"]
    harness.general = guild["channels"][0]["id"]
    for name in ("ada", "bob"):
        await harness.act("/members", {"guild": guild["id"], "user": name})
