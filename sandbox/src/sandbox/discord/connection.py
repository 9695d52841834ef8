"""One WebSocket connection of a client: compression, heartbeats, identify and resume."""

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from sandbox.discord.errors import Json
from sandbox.discord.members import asks_for_all
from sandbox.discord.sessions import PRIVILEGED, Event, Intent, Session

if TYPE_CHECKING:
    from sandbox.discord.gateway import Gateway

IDENTIFY_WITHIN_S = 30.0
RATE_EVENTS, RATE_PERIOD_S = 120, 60.0
UNKNOWN_OP, NOT_JSON, NOT_IDENTIFIED, BAD_TOKEN, IDENTIFIED_TWICE = 4001, 4002, 4003, 4004, 4005
BAD_SEQUENCE, TOO_FAST, TIMED_OUT, BAD_SHARD, BAD_VERSION, BAD_INTENTS, NOT_ALLOWED = (
    4007, 4008, 4009, 4010, 4012, 4013, 4014,
)  # fmt: skip
NORMAL_CLOSURES = (1000, 1001)
MOST_INTENTS = 1 << 26


class Close(Exception):
    """The connection must end with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def address(request: web.Request) -> str:
    """Where the gateway is for whoever asks: on the host that they asked, whatever its name."""
    return f"{'wss' if request.secure else 'ws'}://{request.host}/discord/gateway"


@dataclass(frozen=True, slots=True)
class Hello:
    """What the stand-in tells each client, and what it accepts from it."""

    token: str
    heartbeat_ms: int
    privileged_intents: int
    introduce: Callable[[], tuple[Json, list[Json]]]
    members: Callable[[Json], list[Json]]
    """The chunks that answer a request for members."""


class Connection:
    """A client's line from HELLO to its end."""

    def __init__(self, gateway: "Gateway", hello: Hello, request: web.Request) -> None:
        self._gateway = gateway
        self._hello = hello
        self._request = request
        self._socket = web.WebSocketResponse(max_msg_size=16_384, compress=False)
        compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if compressed else None
        self._outbox: asyncio.Queue[Json | Close] = asyncio.Queue()
        self._received: deque[float] = deque()
        self._alive = time.monotonic()
        self._closed_by_us = False
        self.session: Session | None = None

    async def serve(self) -> web.WebSocketResponse:
        """Talk to the client until one side leaves."""
        await self._socket.prepare(self._request)
        self._gateway.connections.add(self)
        writer = asyncio.create_task(self._write())
        watch = asyncio.create_task(self._watch())
        try:
            self.send({"op": 10, "d": {"heartbeat_interval": self._hello.heartbeat_ms}})
            await self._read()
        finally:
            self._gateway.connections.discard(self)
            self._part()
            for task in (writer, watch):
                task.cancel()
            await asyncio.gather(writer, watch, return_exceptions=True)
        return self._socket

    def send(self, payload: Json) -> None:
        """Queue a payload for the client."""
        self._outbox.put_nowait(payload)

    def ask_to_reconnect(self) -> None:
        """Op 7: the client should come back and resume."""
        self.send({"op": 7, "d": None})

    def invalidate(self, *, resumable: bool) -> None:
        """Op 9: the client must resume, on this line or another, or identify anew."""
        session, self.session = self.session, None
        if session is not None and resumable:
            session.leave()
        elif session is not None:
            self._gateway.end_session(session)
        self.send({"op": 9, "d": resumable})

    def drop(self) -> None:
        """Cut the line without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()
        self._part()

    def close_with(self, code: int) -> None:
        """End the line with a close code."""
        self._outbox.put_nowait(Close(code, "ordered"))

    def _part(self) -> None:
        session, self.session = self.session, None
        if session is None or session.line is not self:
            return
        session.leave()
        if not self._closed_by_us and self._socket.close_code in NORMAL_CLOSURES:
            self._gateway.end_session(session)

    async def _write(self) -> None:
        while True:
            payload = await self._outbox.get()
            if isinstance(payload, Close):
                await self._close(payload)
                return
            try:
                await self._transmit(json.dumps(payload))
            except ConnectionError:
                return

    async def _transmit(self, text: str) -> None:
        if self._deflate is None:
            await self._socket.send_str(text)
            return
        data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._socket.send_bytes(data)

    async def _watch(self) -> None:
        """End a line that neither identifies nor beats in time."""
        silence_s = self._hello.heartbeat_ms * 1.5 / 1000
        await asyncio.sleep(min(IDENTIFY_WITHIN_S, silence_s))
        if self.session is None:
            self._outbox.put_nowait(Close(NOT_IDENTIFIED, "Not authenticated."))
        # A deadline that moves with every heartbeat, not a condition to be signalled.
        while (left := self._alive + silence_s - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        self._outbox.put_nowait(Close(TIMED_OUT, "Session timed out."))

    async def _read(self) -> None:
        try:
            if self._request.query.get("v", "10") not in ("9", "10"):
                raise Close(BAD_VERSION, "Invalid API version.")
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._handle(message.data)
        except Close as close:
            await self._close(close)

    async def _close(self, close: Close) -> None:
        self._closed_by_us = True
        await self._socket.close(code=close.code, message=close.reason.encode())

    def _handle(self, text: str | bytes) -> None:
        self._pace()
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError) as error:
            raise Close(NOT_JSON, "Error while decoding payload.") from error
        if op == 1:
            self._beat()
        elif op == 2:
            self._identify(data)
        elif op == 6:
            self._resume(data)
        elif op not in (3, 4, 8, 31):
            raise Close(UNKNOWN_OP, "Unknown opcode.")
        elif self.session is None:
            raise Close(NOT_IDENTIFIED, "Not authenticated.")
        elif op == 8:
            self._members(data)

    def _pace(self) -> None:
        now = time.monotonic()
        self._received.append(now)
        while self._received[0] < now - RATE_PERIOD_S:
            self._received.popleft()
        if len(self._received) > RATE_EVENTS:
            raise Close(TOO_FAST, "Rate limited.")

    def _beat(self) -> None:
        self._alive = time.monotonic()
        self._gateway.stats.heartbeats += 1
        self.send({"op": 11, "d": None})

    def _identify(self, data: Json) -> None:
        if self.session is not None:
            raise Close(IDENTIFIED_TWICE, "Already authenticated.")
        self._authenticate(data)
        intents, shard = data.get("intents"), data.get("shard", [0, 1])
        if type(intents) is not int or not 0 <= intents < MOST_INTENTS:
            raise Close(BAD_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self._hello.privileged_intents:
            raise Close(NOT_ALLOWED, "Disallowed intent(s).")
        if not 0 <= shard[0] < shard[1]:
            raise Close(BAD_SHARD, "Invalid shard.")
        self._gateway.stats.identifies += 1
        session = self._gateway.open_session(intents, (shard[0], shard[1]))
        session.line, self.session = self, session
        self._introduce(session)

    def _introduce(self, session: Session) -> None:
        ready, guilds = self._hello.introduce()
        own = [g for g in guilds if session.wants(Event("GUILD_CREATE", g, g["id"]))]
        ready |= {
            "session_id": session.id,
            "resume_gateway_url": address(self._request),
            "shard": list(session.shard),
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in own],
        }
        session.push(Event("READY", ready))
        for guild in own:
            if session.intents & Intent.GUILDS:
                session.push(Event("GUILD_CREATE", guild))

    def _resume(self, data: Json) -> None:
        if self.session is not None:
            raise Close(IDENTIFIED_TWICE, "Already authenticated.")
        self._authenticate(data)
        session, seen = self._gateway.find_session(data.get("session_id")), data.get("seq")
        if session is None or type(seen) is not int or not session.can_replay(seen):
            self.send({"op": 9, "d": False})
            return
        if seen > session.sequence:
            raise Close(BAD_SEQUENCE, "Invalid seq.")
        missed = session.missed(seen)
        for payload in missed:
            self.send(payload)
        session.line, self.session = self, session
        self._gateway.stats.resumes += 1
        self._gateway.stats.replayed_events += len(missed)
        session.push(Event("RESUMED", {}))

    def _authenticate(self, data: object) -> None:
        token = data.get("token") if isinstance(data, dict) else None
        if not isinstance(token, str) or token.removeprefix("Bot ") != self._hello.token:
            raise Close(BAD_TOKEN, "Authentication failed.")

    def _members(self, data: Json) -> None:
        session = self.session
        if session is None or not isinstance(data, dict):
            raise Close(NOT_JSON, "Error while decoding payload.")
        if asks_for_all(data) and not session.intents & Intent.GUILD_MEMBERS:
            raise Close(NOT_ALLOWED, "Disallowed intent(s).")
        for chunk in self._hello.members(data):
            session.push(Event("GUILD_MEMBERS_CHUNK", chunk))
