"""Real trades with different ends, whose rows are the pattern for all others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from holdfast.demo import trade
from holdfast.demo.trade import Trade
from holdfast.state import State

from bench import trades
from bench.trades import Market
from bench.workload import repeat

RELEASED, CHARGED_BACK, REFUNDED, CANCELLED, HELD, LISTED = 15, 1, 2, 1, 1, 2
ESCROWS = RELEASED + CHARGED_BACK + REFUNDED + CANCELLED + HELD
"""So many escrows have one copy of every story."""
SETTLED_WITHIN_S = 60.0
_AT_WORK = """
SELECT format('SELECT EXISTS (SELECT FROM %I.outbox WHERE published_at IS NULL) OR EXISTS (SELECT
    FROM %I.timers WHERE due_at < now()) OR (SELECT count(*) FROM %I.audit_entries)
    <> (SELECT count(*) FROM %I.audit_chain)', nspname, nspname, nspname, nspname)
FROM pg_namespace WHERE nspname = ANY($1)
"""


async def play(state: State) -> None:
    """Have every story happen once, over REST, and wait until all is quiet."""
    connection = await asyncpg.connect(state.urls["database"])
    try:
        async with trades.market(state) as market:
            await _play(market, connection)
        await _settled(connection)
    finally:
        await connection.close()


async def _play(market: Market, connection: Any) -> None:
    ends = [
        *[_released] * RELEASED, *[_charged_back] * CHARGED_BACK, *[_refunded] * REFUNDED,
        *[_cancelled] * CANCELLED, *[_held] * HELD, *[_listed] * LISTED,
    ]  # fmt: skip
    async with market.pairs(len(ends)) as pairs:

        async def one(number: int) -> None:
            await ends[number](pairs[number], connection)

        await repeat(len(ends), one, workers=2)


async def _listed(pair: Trade, connection: Any) -> None:
    await trade.list_game(pair)


async def _agreed(pair: Trade) -> None:
    for step in (trade.list_game, trade.agree, trade.sign):
        await step(pair)


async def _held(pair: Trade, connection: Any) -> None:
    await _agreed(pair)
    await trade.fund(pair)


async def _released(pair: Trade, connection: Any) -> None:
    await _held(pair, connection)
    await trade.deliver(pair)
    await trade.confirm(pair)


async def _charged_back(pair: Trade, connection: Any) -> None:
    """The buyer's bank takes the money back after the seller was paid."""
    await _released(pair, connection)
    charge_id = await connection.fetchval(
        "SELECT charge_id FROM escrow.payments WHERE escrow_id = $1", pair.escrow_id
    )
    await pair.system.outside.post("/stripe/disputes", {"charge": charge_id})
    await _until(
        connection, "SELECT EXISTS (SELECT FROM escrow.chargebacks WHERE escrow_id = $1)",
        pair.escrow_id,
    )  # fmt: skip


async def _refunded(pair: Trade, connection: Any) -> None:
    await _held(pair, connection)
    await pair.seller.refund(pair.escrow_id)
    await pair.heard("escrow.refunded.v1", escrow_id=pair.escrow_id)


async def _cancelled(pair: Trade, connection: Any) -> None:
    await _agreed(pair)
    opened = await pair.heard("escrow.opened.v1", deal_id=pair.deal_id)
    await pair.buyer.cancel(str(opened.body["escrow_id"]))
    await pair.heard("escrow.cancelled.v1", escrow_id=opened.body["escrow_id"])


async def _settled(connection: Any) -> None:
    """Everything told, every timer that is due done, every audit entry linked."""
    rows: Sequence[Any] = await connection.fetch(_AT_WORK, trades.SCHEMAS)
    for row in rows:
        await _until(connection, f"SELECT NOT ({row[0]})")


async def _until(connection: Any, sql: str, *arguments: Any) -> None:
    ends = time.monotonic() + SETTLED_WITHIN_S
    while not await connection.fetchval(sql, *arguments):
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {SETTLED_WITHIN_S:.0f} s: {sql}")
        await asyncio.sleep(0.1)
