"""What a trade costs the database, and what the system costs while nobody asks anything of it."""

from __future__ import annotations

import asyncio
from typing import Any

from holdfast.state import State

from bench import processes, statements, trades
from bench.statements import Counter
from bench.tables import Rows
from bench.trades import Market

TAIL_S = 2.0
"""What the last trades set going is over by then."""


async def idle(state: State, counter: Counter, seconds: float) -> dict[str, Any]:
    """CPU of each process in per cent of one core, and statements and transactions a second."""
    await counter.switch(on=True)
    await statements.reported()
    before, cpu_before = await counter.now(), processes.cpu_s(state)
    await asyncio.sleep(seconds)
    cpu, after = processes.spent(cpu_before, processes.cpu_s(state)), await counter.now()
    await counter.switch(on=False)
    passed = after.at - before.at
    return {
        "cores": sum(cpu.values()) / passed,
        "cpu_percent_of": {name: 100 * it / passed for name, it in cpu.items()},
        "transactions_per_s": (after.transactions - before.transactions) / passed,
        **_statements("per_s", {name: it / passed for name, it in after.since(before).items()}),
    }


async def per_trade(
    market: Market, counter: Counter, count: int, at_once: int, quiet: dict[str, Any]
) -> dict[str, Any]:
    """Statements and transactions of one trade while so many run at once, polling included.

    Counting goes on after the last trade until the server has reported all; what ran in that while
    by itself, known from ``quiet``, is taken off.
    """
    async with market.pairs(count) as pairs:
        await counter.switch(on=True)
        await statements.reported()
        before = await counter.now()
        await trades.saturated(market, pairs, at_once)
        await statements.reported()
        after = await counter.now()
        await counter.switch(on=False)

    def each(ran: float, idle_per_s: float) -> float:
        return (ran - idle_per_s * statements.REPORTED_AFTER_S) / count

    idle_of = quiet.get("statements_per_s_of", {})
    ran = after.since(before).items()
    return {
        "transactions_per_trade": each(
            after.transactions - before.transactions, quiet["transactions_per_s"]
        ),
        **_statements("per_trade", {name: each(it, idle_of.get(name, 0.0)) for name, it in ran}),
    }


async def each_statement(market: Market, counter: Counter, count: int, at_once: int) -> Rows:
    """Which statements those are: service, calls a trade, ms a trade, SQL; most frequent first."""
    async with market.pairs(count) as pairs:
        await counter.forget()
        await counter.switch(on=True)
        await trades.saturated(market, pairs, at_once)
        await asyncio.sleep(TAIL_S)
        found = await counter.each()
        await counter.switch(on=False)
    return [
        (it.service, f"{it.calls / count:.1f}", f"{it.total_ms / count:.2f}", it.sql)
        for it in found
    ]


def _statements(unit: str, of: dict[str, float]) -> dict[str, Any]:
    """All statements and those of each service; nothing where the server does not count them."""
    return {f"statements_{unit}": sum(of.values()), f"statements_{unit}_of": of} if of else {}
