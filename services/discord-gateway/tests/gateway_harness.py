"""A gateway between the sandbox's Discord, a real broker and database, and owners of the tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import httpx
from aiohttp import web
from chassis.cause import Cause
from chassis.messaging.publisher import Publisher, outgoing
from chassis.storage.outbox import Origin, staged_command
from contracts_schema.commands.discord import Deliver
from contracts_schema.message import DiscordActor
from discord_gateway.app import create_app
from discord_gateway.settings import Settings
from fastapi import FastAPI
from gateway_builders import SECRET
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

TOKEN, APPLICATION = "a-bot-token", "1200000000000000001"
OWNERS = ("identity", "listings", "contracts", "escrow")


@dataclass
class FakeOwners:
    """Owners that answer what a test wrote down, and remember what they were asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    away: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        """Answer by method and path; the one who asks must have exchanged a token."""
        line = f"{request.method} {request.path}"
        self.asked.append((line, request.headers.get("Authorization", "")))
        if self.away:
            return web.json_response({"title": "away"}, status=503)
        if line == "POST /internal/token-exchange":
            return await self._exchange(request)
        found = self.answers.get(line)
        if found is None:
            problem = {"code": "not_found", "detail": "Nothing is here.", "next_action": "Look."}
            return web.json_response(problem, status=404)
        status, body = found if isinstance(found, tuple) else (200, found)
        return web.json_response(body, status=status)

    async def _exchange(self, request: web.Request) -> web.Response:
        if request.headers["X-Service-Secret"] != SECRET:
            return web.json_response({"code": "service_secret_wrong"}, status=403)
        person = (await request.json())["discord_user_id"]
        if self.answers.get("strangers") == person:
            return web.json_response({"code": "not_found"}, status=404)
        claims = "eyJzdWIiOiAidXNyXzEifQ"  # {"sub": "usr_1"}
        return web.json_response({"access_token": f"h.{claims}.{person}", "expires_in": 300})


@dataclass
class Harness:
    """Everything a test touches."""

    settings: Settings
    http: httpx.AsyncClient
    clock: Clock
    owners: FakeOwners
    operator_url: str
    notifier_url: str
    app: FastAPI | None = None
    guild: str = ""
    channel: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def act(self, path: str, body: dict[str, Any], root: str = "/discord") -> dict[str, Any]:
        """POST to the control API."""
        response = await self.http.post(f"/control{root}{path}", json=body)
        assert response.is_success, response.text
        return dict(response.json())

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET from the control API."""
        response = await self.http.get(f"/control/discord{path}", params=query)
        assert response.is_success, response.text
        return dict(response.json())

    async def type(self, user: str, command: str, wait: str = "answered", **options: Any) -> Any:
        """Type a command in the guild and wait for what comes of it."""
        here = {"user": user, "guild": self.guild, "command": command, "options": options}
        begun = await self.act("/commands", here)
        return await self.outcome(begun["interaction_id"], wait)

    async def begin(self, user: str) -> Any:
        """Type a command and let it reach its owner, who may answer from now on."""
        typed = await self.type(user, "link", "acknowledged")
        await self.take("identity.commands")
        return typed

    async def press(
        self, user: str, message: dict[str, Any], verb: str, wait: str = "answered"
    ) -> Any:
        """Press the button of this verb on a message."""
        custom_id = next(
            b["custom_id"] for b in message["buttons"] if f":{verb}:" in b["custom_id"]
        )
        body = {"user": user, "message_id": message["id"], "custom_id": custom_id}
        begun = await self.act("/press", body)
        return await self.outcome(begun["interaction_id"], wait)

    async def submit(self, user: str, opened: Any, wait: str = "answered", **values: str) -> Any:
        """Fill in the form that was opened."""
        body = {"user": user, "interaction_id": opened["id"], "values": values}
        begun = await self.act("/submit", body)
        return await self.outcome(begun["interaction_id"], wait)

    async def outcome(self, interaction_id: str, wait: str = "answered") -> Any:
        """What came of an interaction."""
        return await self.get(f"/interactions/{interaction_id}", wait=wait, timeout=8)

    async def inbox(self, user: str, wait: float = 8, **query: Any) -> list[Any]:
        """What a person sees."""
        return list((await self.get("/inbox", user=user, wait=wait, **query))["messages"])

    async def deliver(self, command: Deliver, reader: str = "ada", **message: Any) -> UUID:
        """Send a card as notifier does."""
        message_id = message.get("message_id", uuid4())
        await self.deliver_all({message_id: command}, reader)
        return message_id

    async def deliver_all(self, commands: dict[UUID, Deliver], reader: str = "ada") -> None:
        """Send cards as notifier does, one after the other."""
        person = self.people.get(reader, {"id": "0"})
        actor = DiscordActor(discord_user_id=person["id"], locale="en-US")
        origin = Origin("notifier", Cause(), self.clock.now())
        publisher = Publisher(self.notifier_url, "notifier")
        try:
            for message_id, command in commands.items():
                row = staged_command(command, actor, message_id, origin)
                ready = outgoing(row.body, str(message_id), row.topic, row.headers, "")
                await publisher.publish(row.exchange, row.topic, ready)
        finally:
            await publisher.close()

    async def raw(self, body: bytes) -> None:
        """Send anything at all under the name of an order."""
        publisher = Publisher(self.notifier_url, "notifier")
        try:
            ready = outgoing(body, str(uuid4()), Deliver.topic, {}, "")
            await publisher.publish("holdfast.commands", Deliver.topic, ready)
        finally:
            await publisher.close()

    async def until(self, check: Callable[[], Awaitable[object]], within_s: float = 8.0) -> None:
        """Wait until the check holds, but not for ever."""
        async with asyncio.timeout(within_s):
            while not await check():
                await asyncio.sleep(0.02)

    async def take(self, queue: str, within_s: float = 8.0) -> dict[str, Any]:
        """The next message on a queue, with its id, or a failure."""
        # No asyncio.timeout around the broker's client: it may swallow the cancellation.
        before = asyncio.get_running_loop().time() + within_s
        async with await aio_pika.connect(self.operator_url) as connection:
            found = await (await connection.channel()).get_queue(queue, ensure=False)
            while (message := await found.get(no_ack=True, fail=False)) is None:
                if asyncio.get_running_loop().time() >= before:
                    raise TimeoutError(f"nothing came to {queue} within {within_s} s")
                await asyncio.sleep(0.02)
        return {"id": message.message_id, "type": message.type, **json.loads(message.body)}

    async def nothing_on(self, queue: str) -> bool:
        """Whether the queue is empty and stays so for a moment."""
        try:
            await self.take(queue, 0.4)
        except TimeoutError:
            return True
        return False

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """Rows of the gateway's database."""
        assert self.app is not None
        return list(await self.app.state.database.rows(sql, *arguments))

    @contextlib.asynccontextmanager
    async def gateway(self, **changed: Any) -> AsyncIterator[FastAPI]:
        """Run the gateway until the block ends; ready when Discord and the broker are there."""
        app = create_app(self.settings.model_copy(update=changed))
        async with app.router.lifespan_context(app):
            self.app = app
            await eventually(lambda: app.state.session.fault is None, 20)
            yield app


async def eventually(check: Callable[[], object], within_s: float = 8.0) -> None:
    """Wait until the check holds, but not for ever."""
    async with asyncio.timeout(within_s):
        while not check():
            await asyncio.sleep(0.01)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def served(app: web.Application, port: int) -> AsyncIterator[str]:
    """The application on this port."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def a_harness(database_url: str, broker: Any, folder: Path) -> AsyncIterator[Harness]:
    """The world around a gateway, with two people in a guild and one outside."""
    port, owners, clock_file = free_port(), FakeOwners(), folder / "clock"
    base, clock = f"http://127.0.0.1:{port}", Clock(clock_file)
    section = {"token": TOKEN, "application_id": APPLICATION, "client_secret": "unused"}
    answering = web.Application()
    answering.router.add_route("*", "/{path:.*}", owners.answer)
    async with (
        served(build_app(parse({"discord": section}, base), clock), port),
        served(answering, free_port()) as owner,
        httpx.AsyncClient(base_url=base, timeout=20, verify=False) as http,
    ):
        settings = Settings(
            database_url=database_url,
            broker_url=broker.url("discord-gateway"),
            cursor_secret="unused",
            discord_token=TOKEN,
            custom_id_secret=SECRET,
            service_secret=SECRET,
            discord_api_base=f"{base}/discord/api/v10",
            discord_gateway_url=base.replace("http", "ws") + "/discord/gateway",
            clock_file=clock_file,
            **{f"{name}_url": owner for name in (*OWNERS, "verification")},
        )
        harness = Harness(
            settings, http, clock, owners, broker.operator_url, broker.url("notifier")
        )
        await _people(harness)
        yield harness


async def _people(harness: Harness) -> None:
    for name, locale in (("ada", "en-US"), ("bob", "de"), ("eve", "fr")):
        harness.people[name] = await harness.act("/users", {"name": name, "locale": locale})
    guild = await harness.act("/guilds", {"name": "Deals", "channels": ["market"]})
    harness.guild, harness.channel = guild["id"], guild["channels"][0]["id"]
    for name in ("ada", "bob"):
        await harness.act("/members", {"guild": guild["id"], "user": name})
