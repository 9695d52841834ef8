"""One bench from the first start to the last figure."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from holdfast.console import err
from holdfast.instance import Instance
from holdfast.state import State

from bench import (
    database_costs,
    figures,
    lines,
    listings,
    machine,
    null_server,
    pipeline,
    processes,
    report,
    servers,
    startup,
    trades,
)
from bench.pipeline import Flow
from bench.plan import Plan
from bench.statements import Counter
from bench.tables import Rows
from bench.trades import Market

INSTANCE = "bench"
LOOK_S = 1.0


class NotCounted(RuntimeError):
    """The server cannot say which statements ran."""


class Bench:
    """Measures everything once or several times; the figures are medians over the runs."""

    def __init__(self, plan: Plan) -> None:
        """Measure this much."""
        self._plan, self._instance = plan, Instance.named(INSTANCE)
        self._began = time.monotonic()
        self._runs: dict[str, list[Any]] = {}
        self._about = machine.describe()

    def run(self) -> dict[str, Any]:
        """Measure; the figures as `--json` writes them."""
        startup.remove_data(self._instance)
        self._note("others", machine.busy_cores(LOOK_S))
        with startup.running(self._instance) as (state, seconds):
            self._note("cold_start_s", seconds)
            asyncio.run(startup.observe_database(state))
            self._about |= asyncio.run(machine.servers(state.urls))
        for run in range(self._plan.runs):
            with startup.running(self._instance) as (state, seconds):
                self._note("warm_start_s", seconds)
                if run == self._plan.runs - 1:
                    asyncio.run(self._whole_system(state))
        self._note("others", machine.busy_cores(LOOK_S))
        with servers.running(self._instance) as found:
            asyncio.run(self._single_parts(found))
        self._note("others", machine.busy_cores(LOOK_S))
        return report.figures_of(self._runs, self._about, time.monotonic() - self._began)

    async def _whole_system(self, state: State) -> None:
        plan, counter = self._plan, await Counter.opened(state.urls["database"])
        async with trades.market(state) as market:
            async with market.pairs(3) as pairs:  # first times cost more, and count for nothing
                await trades.saturated(market, pairs, len(pairs))
            quiet = await database_costs.idle(state, counter, plan.idle_s)
            self._note("idle", quiet)
            await self._trades(market)
            spent = await database_costs.per_trade(
                market, counter, plan.trades, plan.at_once, quiet
            )
            self._note("database", spent)
            self._note("memory", processes.memory_mb(state))
        await counter.close()

    async def _trades(self, market: Market) -> None:
        plan = self._plan
        for _ in range(plan.runs):
            await self._paced(market, "paced", plan.paced_trades, plan.pace_per_s)
            await self._paced(market, "slow", plan.slow_trades, plan.slow_pace_per_s)
        for _ in range(plan.runs):
            async with market.pairs(plan.trades) as pairs:
                self._note("trades", await trades.saturated(market, pairs, plan.at_once))
        most = figures.median([it["trades_per_s"] for it in self._runs["trades"]])
        for _ in range(plan.runs):
            rate = plan.share_of_saturation * most
            await self._paced(market, "at_60_percent", plan.paced_trades, rate)

    async def _paced(self, market: Market, name: str, count: int, rate: float) -> None:
        async with market.pairs(count) as pairs:
            self._note(name, await trades.paced(market, pairs, rate))

    async def _single_parts(self, found: servers.Servers) -> None:
        plan = self._plan
        self._note("ceiling", await null_server.measure(found.log, plan.load_s))
        for name, runs in (await listings.measure(found, plan.load_s, plan.runs)).items():
            for measured in runs:
                self._note(name, measured)
        pace = Flow(plan.paced_events, plan.event_pace_per_s)
        for _ in range(plan.runs):
            for side in pipeline.MODULES:
                burst = await pipeline.measure(found, side, Flow(plan.events))
                self._note(f"pipeline.{side}", burst)
                self._note(f"paced_pipeline.{side}", await pipeline.measure(found, side, pace))

    def _note(self, name: str, measured: Any) -> None:
        self._runs.setdefault(name, []).append(measured)
        seconds = time.monotonic() - self._began
        err.print(f"[dim]{seconds:6.1f} s[/]  {name:<22} {lines.short(measured)}", highlight=False)


def each_statement(count: int, at_once: int) -> Rows:
    """The statements of so many trades on a running system of the bench's own."""
    instance = Instance.named(INSTANCE)
    for _ in range(2):  # a server that does not count yet does so when it has started again
        with startup.running(instance) as (state, _seconds):
            found = asyncio.run(_each_statement(state, count, at_once))
        if found:
            return found
    raise NotCounted("this PostgreSQL server does not count statements")


async def _each_statement(state: State, count: int, at_once: int) -> Rows:
    await startup.observe_database(state)
    counter = await Counter.opened(state.urls["database"])
    if not counter.counts_statements:
        await counter.close()
        return []
    async with trades.market(state) as market:
        async with market.pairs(3) as pairs:
            await trades.saturated(market, pairs, len(pairs))
        found = await database_costs.each_statement(market, counter, count, at_once)
    await counter.close()
    return found
