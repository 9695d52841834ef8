"""Reading and writing a listing with bare ASGI and asyncpg: no framework, no login, no models.

It does the durable work of ours and no more: the same row read as JSON; the same rows written
(listing, outbox, audit) as one statement. What it takes is checked by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvicorn
from contracts_schema.ids import new_id, uuid7

READ = """
SELECT json_build_object('listing_id', listing_id, 'seller_id', seller_id, 'asset_id', asset_id,
    'title', title, 'summary', summary, 'price', json_build_object('minor', price_minor,
    'currency', currency), 'category', category, 'visibility', visibility,
    'delivery_window_s', delivery_window_s, 'state', state, 'version', version,
    'thumbnail_url', thumbnail_url, 'snapshot_id', snapshot_id, 'deal_id', deal_id,
    'created_at', created_at)::text FROM listings WHERE listing_id = $1
"""
WRITE = """
WITH added AS (
    INSERT INTO listings (listing_id, seller_id, asset_id, title, summary, price_minor, currency,
        category, visibility, delivery_window_s, created_at, state, version, snapshot_id)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'PUBLIC', 604800, $9, 'ACTIVE', 2, a.snapshot_id
    FROM verified_assets a WHERE a.user_id = $2 AND a.asset_id = $3 AND a.expires_at > $9
    RETURNING listing_id),
told AS (
    INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at)
    SELECT m, 'holdfast.events', t, '{}', $12, $9
    FROM added, unnest($10::uuid[], $11::text[]) AS u (m, t))
INSERT INTO audit_entries (entry_id, at, actor, action, subject_id)
SELECT $13, $9, $2, 'listing.create', listing_id FROM added
"""
TOPICS = ["listings.listing_created.v1", "listings.listing_activated.v1"]
JSON = [(b"content-type", b"application/json")]

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class App:
    """Two routes."""

    def __init__(self, url: str, seller_id: str) -> None:
        self._url, self._seller_id = url, seller_id
        self._pool: Any = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["method"] == "POST":
            await self._write(receive, send)
        elif scope["path"] == "/live":
            await _answer(send, 200, b"{}")
        else:
            shown = await self._pool.fetchval(READ, scope["path"][13:])
            await _answer(send, 200 if shown else 404, (shown or "{}").encode())

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(self._url, min_size=8, max_size=8, reset=_left_as_is)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _write(self, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        asked = json.loads(body)
        if not _is_good(asked):
            await _answer(send, 422, b"{}")
            return
        listing_id, now, price = new_id("lst"), datetime.now(UTC), asked["price"]
        shown = json.dumps(
            {"listing_id": listing_id, "seller_id": self._seller_id, "state": "ACTIVE",
             "version": 2, "created_at": now.isoformat(), **asked}
        ).encode()  # fmt: skip
        await self._pool.execute(
            WRITE, listing_id, self._seller_id, asked["asset_id"], asked["title"], asked["summary"],
            price["minor"], price["currency"], asked["category"], now, [uuid7(), uuid7()], TOPICS,
            shown, uuid7(),
        )  # fmt: skip
        await _answer(send, 201, shown)


def _is_good(asked: Any) -> bool:
    return (
        isinstance(asked, dict)
        and str(asked["asset_id"]).isdecimal()
        and 1 <= len(asked["title"]) <= 255
        and len(asked["summary"]) <= 1000
        and isinstance(asked["price"]["minor"], int)
        and asked["price"]["minor"] > 0
        and asked["price"]["currency"] in ("USD", "USDC")
        and 1 <= len(asked["category"]) <= 100
    )


async def _left_as_is(connection: Any) -> None:
    """A connection that comes back is not reset: it holds no session state."""


async def _answer(send: Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*JSON, length]})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        App(os.environ["DATABASE_URL"], os.environ["SELLER_ID"]),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="warning",
    )
