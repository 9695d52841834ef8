"""Reads and writes of listings: one process, its own port, no gateway; ours and the minimum."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from chassis.http import ended_sessions
from contracts_schema.ids import new_id, uuid7
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from bench import load_generator, programs, servers
from bench.load_generator import Load, request
from bench.programs import Program
from bench.servers import Servers

CONNECTIONS = 32
LISTINGS = 1000
ISSUER = "http://bench.invalid"
COUNTED = "4000000000"
FIRST_ASSET, ASSETS, ASSETS_A_RUN = int(COUNTED), 1_000_000, 100_000
"""An asset can be for sale once, so each listing that is written is of another."""
Requests = tuple[tuple[str, list[str]], ...]
BODY = {
    "asset_id": COUNTED,
    "title": "Tower Defence Legends",
    "summary": "Tower Defence Legends, with all its assets.",
    "price": {"minor": 450_000, "currency": "USD"},
    "category": "Simulator",
}


@dataclass(frozen=True, slots=True)
class Seller:
    """Somebody whose game was verified a short while ago, and the login of theirs."""

    user_id: str
    token: str
    key_set: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the servers under load have in common."""

    log: Path
    identity: str
    broker: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the servers under load, and what it is asked."""

    name: str
    program: Program
    requests: Requests


def a_seller() -> Seller:
    """A seller with a token as identity signs it."""
    key = OKPKey.generate_key("Ed25519", {"alg": "Ed25519", "use": "sig"})
    key.ensure_kid()
    user_id, now = new_id("usr"), int(time.time())
    claims = {
        "iss": ISSUER, "aud": "holdfast", "sub": user_id, "sid": "ses_bench", "jti": str(uuid7()),
        "tier": "TIER_1", "role": "USER", "scope": "read write", "iat": now, "exp": now + 900,
    }  # fmt: skip
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    token = jwt.encode(header, claims, key, algorithms=["Ed25519"])
    return Seller(user_id, token, dict(KeySet([key]).as_dict(private=False)))


async def seed(superuser_url: str, seller: Seller) -> list[str]:
    """The seller, a check of their game that still counts, and listings to read; their ids."""
    connection = await asyncpg.connect(superuser_url)
    now, ids = datetime.now(UTC), [new_id("lst") for _ in range(LISTINGS)]
    try:
        await connection.execute("SET search_path = listings")
        await connection.execute(
            "INSERT INTO principals (user_id, discord_id, tier) VALUES ($1, '1', 'TIER_1')",
            seller.user_id,
        )
        await connection.execute(
            "INSERT INTO verified_assets SELECT $1, asset, $2, '', '', $3, $4"
            " FROM generate_series($5::bigint, $6::bigint) AS asset",
            seller.user_id, new_id("snp"), now, now + timedelta(days=1),
            FIRST_ASSET, FIRST_ASSET + ASSETS - 1,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO listings (listing_id, seller_id, asset_id, title, summary, price_minor,"
            " currency, category, visibility, delivery_window_s, state, version, snapshot_id,"
            " created_at) SELECT id, $2, place, $3, $4, 450000, 'USD', 'Simulator', 'PUBLIC',"
            " 604800, 'ACTIVE', 2, 'snp_bench', $5"
            " FROM unnest($1::text[]) WITH ORDINALITY AS each (id, place)",
            ids, seller.user_id, BODY["title"], BODY["summary"], now,
        )  # fmt: skip
    finally:
        await connection.close()
    return ids


@asynccontextmanager
async def key_server(key_set: dict[str, Any]) -> AsyncIterator[str]:
    """Identity's published keys and the logins that ended, of which there are none."""

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(load_generator.HEAD_ENDS)
        nobody = {"complete": True, "ended": []}
        body = json.dumps(nobody if ended_sessions.PATH.encode() in asked else key_set)
        writer.write(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(tell, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def requests(seller: Seller, ids: list[str]) -> Requests:
    """What readers and writers send."""
    login = {"Authorization": f"Bearer {seller.token}"}
    reads = [request("GET", f"/v1/listings/{each}", login) for each in ids]
    sent = {**login, "Content-Type": "application/json"}
    writes = [request("POST", "/v1/listings", sent, json.dumps(BODY))]
    return (("reads", reads), ("writes", writes))


def ours(shared: Shared, database_url: str, role: str) -> Program:
    """The service itself with its usual settings; as `api` its relay is another process's work."""
    environment = {
        "DATABASE_URL": database_url, "BROKER_URL": shared.broker, "CURSOR_SECRET": "bench",
        "SERVICE_SECRET": "only-for-the-bench", "ROLE": role, "PUBLIC_BASE_URL": ISSUER,
        "IDENTITY_URL": shared.identity, "LOG_LEVEL": "WARNING",
        "REQUESTS_PER_MINUTE": "1000000000", "REQUESTS_PER_MINUTE_OF_A_LOGIN": "1000000000",
    }  # fmt: skip
    named = {f"HOLDFAST_{name}": value for name, value in environment.items()}
    return Program("listings", (), named, shared.log / "bench-listings.log", "HOLDFAST_PORT")


def minimum(shared: Shared, database_url: str, seller: Seller) -> Program:
    """The hand-written one."""
    environment = {"DATABASE_URL": database_url, "SELLER_ID": seller.user_id}
    return Program("bench.minimum.listings", (), environment, shared.log / "bench-minimum.log")


async def measure(servers_: Servers, seconds: float, runs: int) -> dict[str, list[dict[str, Any]]]:
    """Each figure as often as there are runs, ours and the minimum in turn."""
    seller = a_seller()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        urls = [stack.enter_context(servers_.database("listings")) for _ in range(3)]
        broker = stack.enter_context(servers_.broker()).url("listings")
        ids = [await seed(servers_.superuser(url), seller) for url in urls]
        async with key_server(seller.key_set) as identity:
            shared = Shared(servers_.log, identity, broker)
            sides = (
                Side("ours", ours(shared, urls[0], "api"), requests(seller, ids[0])),
                Side("minimum", minimum(shared, urls[1], seller), requests(seller, ids[1])),
                Side("whole_service", ours(shared, urls[2], "all"), requests(seller, ids[2])[1:]),
            )
            for run in range(runs):
                for side in sides:
                    await _load(side, seconds, str(FIRST_ASSET + run * ASSETS_A_RUN), found)
    return found


async def _load(
    side: Side, seconds: float, first_asset: str, found: dict[str, list[dict[str, Any]]]
) -> None:
    port = servers.free_port()
    async with programs.serving(side.program.at(port), f"http://127.0.0.1:{port}/live"):
        for kind, sent in side.requests:
            counted = [each.replace(COUNTED, first_asset) for each in sent]
            load = Load(port, counted, CONNECTIONS, seconds, counted=first_asset)
            told = await load_generator.run(load)
            found[f"{kind}.{side.name}"].append(told)
