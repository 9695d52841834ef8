"""Stands between the payment provider and the gateway, and keeps when each payment was told of.

Bytes pass through as they come, both ways; nothing is held back or changed.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from holdfast.demo.outside import Outside

PAID = frozenset({"payment_intent.succeeded", "checkout.session.completed", "charge.succeeded"})
PATH = "/v1/webhooks/stripe"
HEAD_ENDS, LENGTH = b"\r\n\r\n", b"content-length:"


@dataclass(slots=True)
class Webhooks:
    """For each escrow, when the first byte of the first webhook about its payment came."""

    first_byte_at: dict[str, float] = field(default_factory=dict)

    def passed(self, body: bytes, began: float) -> None:
        """Take note of one webhook."""
        event = json.loads(body)
        if event["type"] in PAID:
            escrow_id = event["data"]["object"].get("metadata", {}).get("escrow_id")
            self.first_byte_at[escrow_id] = min(began, self.first_byte_at.get(escrow_id, began))


@asynccontextmanager
async def between(outside: Outside, gateway: str) -> AsyncIterator[Webhooks]:
    """Have webhooks come through here while the block runs."""
    webhooks, place = Webhooks(), urlsplit(gateway)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            there = await asyncio.open_connection(place.hostname, place.port)
            back = asyncio.ensure_future(_forward(there[0], writer))
            await _observe_and_forward(reader, there[1], webhooks)
            await back

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = {"url": f"http://127.0.0.1:{port}{PATH}"}
        await outside.post("/stripe/webhooks", url)
        try:
            yield webhooks
        finally:
            await outside.post("/stripe/webhooks", {"url": f"{gateway}{PATH}"})


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _observe_and_forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, webhooks: Webhooks
) -> None:
    kept, began = b"", 0.0
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            began = began if kept else time.time()
            kept += data
            body = _whole_body(kept)
            if body is not None:
                webhooks.passed(body, began)
                kept = b""
            await writer.drain()
    writer.close()


def _whole_body(request: bytes) -> bytes | None:
    """The request's body once all of it is here."""
    head, ends, body = request.partition(HEAD_ENDS)
    if not ends:
        return None
    lower = head.lower()
    length = int(lower[lower.index(LENGTH) + len(LENGTH) :].split(b"\r\n")[0])
    return body if len(body) >= length else None
