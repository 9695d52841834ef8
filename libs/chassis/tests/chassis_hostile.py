"""A server that answers as no provider should, and counts who is led inside."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chassis.http import outside

WAYS = ("huge", "slow", "deep", "packed", "moved")
JSON = b"Content-Type: application/json\r\n"


def patience(way: str) -> float:
    """How long to read an answer: not long one that has no end, any other as ever."""
    return 1.0 if way == "slow" else outside.LONGEST_S


@dataclass
class Hostile:
    """Where it is, what it would say in good faith, and how often its inside was asked for."""

    body: bytes
    base: str = ""
    inside: int = 0

    def way(self, name: str) -> str:
        """The address under which it answers everything in this way."""
        return f"{self.base}/{name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length or b"0"))
            await self._answer(head.split()[1].decode().split("/")[1], writer)
        writer.close()

    async def _answer(self, way: str, writer: asyncio.StreamWriter) -> None:
        status, more, body = b"200 OK", b"", self.body
        if way == "moved":
            status, more = b"302 Found", f"Location: {self.way('inside')}\r\n".encode()
        elif way == "inside":
            self.inside += 1
        elif way == "huge":
            body += b" " * 3_000_000
        elif way == "deep":
            body = b"[" * 200_000
        elif way == "packed":
            more, body = b"Content-Encoding: gzip\r\n", gzip.compress(body)
        writer.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n" + JSON + more + b"\r\n")
        writer.write(body)
        await writer.drain()
        while way == "slow":
            await asyncio.sleep(0.02)
            writer.write(b" ")
            await writer.drain()


@asynccontextmanager
async def hostile(**body: Any) -> AsyncIterator[Hostile]:
    """One on a free port."""
    made = Hostile(json.dumps(body).encode())
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
