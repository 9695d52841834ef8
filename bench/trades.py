"""Whole trades through the REST door of a running system: how many a second, and how fast."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from holdfast.demo import trade
from holdfast.demo.door import Person, System
from holdfast.demo.outside import Outside
from holdfast.demo.rest_door import RestDoor
from holdfast.demo.stage import Stage
from holdfast.demo.trade import Trade
from holdfast.services import SERVICES
from holdfast.state import State

from bench import commits, figures, usage
from bench.ear import Ear, listening
from bench.pace import each
from bench.post import Post, between

JOINING = 8
_addresses = itertools.count(2)


class TimedDoor(RestDoor):
    """A person at the REST door with an address of their own, who looks at the watch."""

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

    async def make_offer(self, listing_id: str, amount_minor: int) -> None:
        """POST an offer, noting when."""
        self.offered_at = time.time()
        await super().make_offer(listing_id, amount_minor)


@dataclass(frozen=True, slots=True)
class Market:
    """A running system and the people in it."""

    state: State
    stage: Stage
    ear: Ear
    post: Post
    pairs: list[Trade] = field(default_factory=list)

    async def prepare(self, count: int) -> None:
        """So many sellers and buyers who have joined and linked, and a game for each seller."""
        self.pairs.clear()
        for _ in range(count):
            seller, buyer = await self._person("seller"), await self._person("buyer")
            self.pairs.append(await self.stage.trade(seller, buyer, _silent))

        async def join(number: int) -> None:
            await trade.join(self.pairs[number])

        await each(count, 0, JOINING, join)

    async def _person(self, name: str) -> TimedDoor:
        door = TimedDoor(self.stage.system, await self.stage.person(name))
        self.stage.stack.push_async_callback(door.close)
        return door


@asynccontextmanager
async def market(state: State) -> AsyncIterator[Market]:
    """A market in a guild of its own on a running system."""
    outside = Outside(state.urls["sandbox"])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(outside.close)
        ear = await stack.enter_async_context(listening(state.urls["rabbitmq"]))
        post = await stack.enter_async_context(between(outside, state.urls["gateway"]))
        guild_id, channel_id = await outside.guild("Bench", [])
        system = System(state.urls["gateway"], outside, ear, guild_id, channel_id)
        yield Market(state, Stage(system, stack), ear, post)


async def saturated(market: Market, count: int, at_once: int) -> dict[str, Any]:
    """Trades a second with so many at once, and what each costs."""
    await market.prepare(count)
    before, driver, began = usage.cpu_s(market.state), time.process_time(), time.perf_counter()

    async def one(number: int) -> None:
        await _whole(market, number)

    await each(count, 0, at_once, one)
    seconds = time.perf_counter() - began
    spent = usage.spent(before, usage.cpu_s(market.state))
    return {
        "trades_per_s": count / seconds,
        "cpu_s_per_trade": sum(spent.values()) / count,
        "driver_cpu_s_per_trade": (time.process_time() - driver) / count,
        "cpu_s_per_trade_of": {name: it / count for name, it in spent.items()},
    }


async def paced(market: Market, count: int, rate: float) -> dict[str, Any]:
    """How fast the system answers while so many trades begin each second."""
    await market.prepare(count)
    since, began, took = datetime.now(UTC), time.perf_counter(), []

    async def one(number: int) -> None:
        started = time.perf_counter()
        await _whole(market, number)
        took.append((time.perf_counter() - started) * 1000)

    await each(count, rate, 0, one)
    return {
        "trade_ms": figures.spread(took),
        "achieved_trades_per_s": count / (time.perf_counter() - began),
        "command_to_event_ms": figures.spread(await _commands(market)),
        "webhook_to_funds_held_ms": figures.spread(await _webhooks(market)),
        "commit_to_applied_ms": figures.spread(
            await commits.within(
                market.state.urls["database"], [it.package for it in SERVICES], since
            )
        ),
    }


async def _whole(market: Market, number: int) -> None:
    """One trade from its listing to the money released."""
    for step in trade.STEPS[1:]:
        await step(market.pairs[number])


async def _commands(market: Market) -> list[float]:
    """From sending each offer to hearing of it."""
    took = []
    for pair in market.pairs:
        made = await pair.heard("listings.offer_made.v1", listing_id=pair.listing_id)
        if isinstance(pair.buyer, TimedDoor):
            took.append((market.ear.at[made.id] - pair.buyer.offered_at) * 1000)
    return took


async def _webhooks(market: Market) -> list[float]:
    """From the provider's first word of each payment to hearing of the money held."""
    took = []
    for pair in market.pairs:
        held = await pair.heard("escrow.funds_held.v1", escrow_id=pair.escrow_id)
        took.append((market.ear.at[held.id] - market.post.first_told[pair.escrow_id]) * 1000)
    return took


def _silent(step: str, words: str) -> None:
    """Many trades at once have nothing to say to a person."""
