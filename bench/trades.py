"""Whole trades over REST, on a running system: how many a second, and how fast."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from holdfast.demo import trade
from holdfast.demo.driver import Person, System
from holdfast.demo.outside import Outside
from holdfast.demo.rest_driver import Json, RestDriver
from holdfast.demo.scenario import Scenario
from holdfast.demo.trade import Trade
from holdfast.services import SERVICES
from holdfast.state import State

from bench import commit_times, figures, processes, webhook_proxy
from bench.event_listener import IndexedListener, listening
from bench.webhook_proxy import Webhooks
from bench.workload import repeat

JOINING = 8
SCHEMAS = [it.package for it in SERVICES]
_addresses = itertools.count(2)


class TimedDriver(RestDriver):
    """A person who trades over REST from an address of their own, and looks at the watch."""

    def __init__(self, system: System, person: Person) -> None:
        super().__init__(system, person)
        number = next(_addresses)
        source = f"127.0.{1 + number // 250}.{1 + number % 250}"
        self.http = httpx.AsyncClient(
            base_url=system.gateway,
            timeout=30,
            transport=httpx.AsyncHTTPTransport(verify=False, local_address=source),
        )
        self.offered_at = 0.0
        self.took_ms: dict[str, list[float]] = defaultdict(list)
        """What each command took until it was answered, by the last word of its path."""

    async def post(
        self, path: str, body: Json | None = None, headers: dict[str, str] | None = None
    ) -> Json:
        """Act once, noting how long that took."""
        began = time.perf_counter()
        answer = await super().post(path, body, headers)
        self.took_ms[path.rpartition("/")[2]].append((time.perf_counter() - began) * 1000)
        return answer

    async def make_offer(self, listing_id: str, amount_minor: int) -> None:
        """POST an offer, noting when."""
        self.offered_at = time.time()
        await super().make_offer(listing_id, amount_minor)


@dataclass(frozen=True, slots=True)
class Market:
    """A running system with a guild of its own, and what observes it."""

    state: State
    system: System
    listener: IndexedListener
    webhooks: Webhooks

    @asynccontextmanager
    async def pairs(self, count: int) -> AsyncIterator[list[Trade]]:
        """So many sellers and buyers who have joined and linked, and a game for each seller.

        Their connections are closed with the block: an ordinary user may open 1024 files.
        """
        async with AsyncExitStack() as stack:
            scenario = Scenario(self.system, stack)
            pairs = [await _pair(scenario) for _ in range(count)]

            async def join(number: int) -> None:
                await trade.join(pairs[number])

            await repeat(count, join, workers=JOINING)
            yield pairs


@asynccontextmanager
async def market(state: State) -> AsyncIterator[Market]:
    """A market on a running system."""
    outside = Outside(state.urls["sandbox"])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(outside.close)
        listener = await stack.enter_async_context(listening(state.urls["rabbitmq"]))
        proxy = webhook_proxy.between(outside, state.urls["gateway"])
        webhooks = await stack.enter_async_context(proxy)
        guild_id, channel_id = await outside.guild("Bench", [])
        system = System(state.urls["gateway"], outside, listener, guild_id, channel_id)
        yield Market(state, system, listener, webhooks)


async def saturated(market: Market, pairs: Sequence[Trade], at_once: int) -> dict[str, Any]:
    """Trades a second with so many at once, and what each costs."""
    count = len(pairs)
    before, driver = processes.cpu_s(market.state), time.process_time()
    began = time.perf_counter()

    async def one(number: int) -> None:
        await _whole(pairs[number])

    await repeat(count, one, workers=at_once)
    seconds = time.perf_counter() - began
    spent = processes.spent(before, processes.cpu_s(market.state))
    return {
        "trades_per_s": count / seconds,
        "cpu_s_per_trade": sum(spent.values()) / count,
        "driver_cpu_s_per_trade": (time.process_time() - driver) / count,
        "cpu_s_per_trade_of": {name: it / count for name, it in spent.items()},
    }


async def paced(market: Market, pairs: Sequence[Trade], rate: float) -> dict[str, Any]:
    """How fast the system answers while so many trades begin each second."""
    since, began, took = datetime.now(UTC), time.perf_counter(), []

    async def one(number: int) -> None:
        started = time.perf_counter()
        await _whole(pairs[number])
        took.append((time.perf_counter() - started) * 1000)

    await repeat(len(pairs), one, rate=rate)
    achieved = len(pairs) / (time.perf_counter() - began)
    applied = await commit_times.within(market.state.urls["database"], SCHEMAS, since)
    return {
        "pace_per_s": rate,
        "trade_ms": figures.spread(took),
        "achieved_trades_per_s": achieved,
        "command_to_event_ms": figures.spread(await _command_to_event_ms(market, pairs)),
        "webhook_to_funds_held_ms": figures.spread(await _webhook_to_held_ms(market, pairs)),
        "commit_to_applied_ms": figures.spread(applied),
    }


async def _pair(scenario: Scenario) -> Trade:
    return await scenario.trade(
        await _driver(scenario, "seller"), await _driver(scenario, "buyer"), _silent
    )


async def _driver(scenario: Scenario, name: str) -> TimedDriver:
    driver = TimedDriver(scenario.system, await scenario.person(name))
    scenario.stack.push_async_callback(driver.close)
    return driver


async def _whole(pair: Trade) -> None:
    """One trade from its listing to the money released."""
    for step in trade.STEPS[1:]:
        await step(pair)


async def _command_to_event_ms(market: Market, pairs: Sequence[Trade]) -> list[float]:
    """From sending each offer to receiving the event that it was made."""
    took = []
    for pair in pairs:
        made = await pair.heard("listings.offer_made.v1", listing_id=pair.listing_id)
        if isinstance(pair.buyer, TimedDriver):
            took.append((market.listener.received_at[made.id] - pair.buyer.offered_at) * 1000)
    return took


async def _webhook_to_held_ms(market: Market, pairs: Sequence[Trade]) -> list[float]:
    """From the first byte about each payment to receiving the event that the money is held."""
    took = []
    for pair in pairs:
        held = await pair.heard("escrow.funds_held.v1", escrow_id=pair.escrow_id)
        told = market.webhooks.first_byte_at[pair.escrow_id]
        took.append((market.listener.received_at[held.id] - told) * 1000)
    return took


def _silent(step: str, words: str) -> None:
    """Many trades at once have nothing to say to a person."""
