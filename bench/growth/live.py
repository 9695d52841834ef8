"""Reads, lists, commands and whole trades on a running system with filled tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from holdfast.demo.trade import Trade
from holdfast.state import State

from bench import processes, trades
from bench.trades import TimedDriver

READS, PAGES = 200, 20
WARM_UP, TRADES, AT_ONCE = 4, 16, 4
COMMANDS = {
    "listings": "make_listing",
    "offers": "make_offer",
    "deliveries": "deliver",
    "confirm": "confirm",
}
_ACTIVE = """
SELECT listing_id FROM listings.listings WHERE state = 'ACTIVE' AND visibility = 'PUBLIC'
ORDER BY md5(listing_id) LIMIT $1
"""


async def measure(state: State) -> dict[str, Any]:
    """Everything that a person or an integrator meets; medians in milliseconds."""
    listed = await _listed(state)
    async with trades.market(state) as market:
        async with market.pairs(WARM_UP) as pairs:
            await trades.saturated(market, pairs, WARM_UP)
            found = await _reads(state, listed, pairs[0])
        async with market.pairs(TRADES) as pairs:
            whole = await trades.saturated(market, pairs, AT_ONCE)
            found |= _commands(pairs)
    return found | {
        "trades_per_s": whole["trades_per_s"],
        "cpu_s_per_trade": whole["cpu_s_per_trade"],
        "postgres_cpu_s_per_trade": whole["cpu_s_per_trade_of"].get("postgres", 0.0),
        "largest_service_rss_mb": max(it["rss"] for it in processes.memory_mb(state).values()),
    }


async def _listed(state: State) -> list[str]:
    connection = await asyncpg.connect(state.urls["database"])
    try:
        return [row["listing_id"] for row in await connection.fetch(_ACTIVE, READS)]
    finally:
        await connection.close()


async def _reads(state: State, listed: Sequence[str], pair: Trade) -> dict[str, float]:
    async with _asking(state, "listings", pair) as ask:
        found = {
            "read_listing_ms": await _median_ms(ask, [f"/v1/listings/{it}" for it in listed]),
            "list_listings_ms": await _median_ms(ask, ["/v1/listings"] * PAGES),
            "list_listings_further_ms": await _further_ms(ask, "/v1/listings"),
        }
    async with _asking(state, "escrow", pair) as ask:
        found |= {
            "read_escrow_ms": await _median_ms(ask, [f"/v1/escrows/{pair.escrow_id}"] * READS),
            "list_escrows_ms": await _median_ms(ask, ["/v1/escrows"] * PAGES),
        }
    async with _asking(state, "notifier", pair) as ask:
        found["list_notifications_ms"] = await _median_ms(ask, ["/v1/notifications"] * PAGES)
    return found


@asynccontextmanager
async def _asking(state: State, service: str, pair: Trade) -> AsyncIterator[httpx.AsyncClient]:
    """The buyer of a pair, before the service's own port."""
    if not isinstance(pair.buyer, TimedDriver):
        raise TypeError("only a person who trades over REST has a login")
    login = {"Authorization": pair.buyer.http.headers["Authorization"]}
    async with httpx.AsyncClient(base_url=state.urls[service], headers=login) as client:
        yield client


async def _median_ms(ask: httpx.AsyncClient, paths: Sequence[str]) -> float:
    return statistics.median([(await _timed(ask, path))[0] for path in paths])


async def _further_ms(ask: httpx.AsyncClient, path: str) -> float:
    """Each page from the one before, so many pages or as many as there are."""
    _, answer = await _timed(ask, path)
    took: list[float] = []
    while "next" in answer.links and len(took) < PAGES:
        spent, answer = await _timed(ask, answer.links["next"]["url"])
        took.append(spent)
    return statistics.median(took)


async def _timed(ask: httpx.AsyncClient, path: str) -> tuple[float, httpx.Response]:
    began = time.perf_counter()
    answer = await ask.get(path)
    took = (time.perf_counter() - began) * 1000
    answer.raise_for_status()
    return took, answer


def _commands(pairs: Sequence[Trade]) -> dict[str, float]:
    found = {}
    for word, name in COMMANDS.items():
        drivers = [driver for pair in pairs for driver in (pair.seller, pair.buyer)]
        took = [
            it
            for driver in drivers
            if isinstance(driver, TimedDriver)
            for it in driver.took_ms[word]
        ]
        found[f"{name}_ms"] = statistics.median(took)
    return found
