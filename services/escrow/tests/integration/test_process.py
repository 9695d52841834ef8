"""Escrow as it runs: over the broker, with Stripe's webhooks, killed at its worst moments."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aio_pika
import asyncpg
import pytest
from chassis.clock import SystemClock
from chassis.storage.database import connect
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.terms import Rail
from escrow.handlers.ledger import check
from escrow_builders import FEE, NET, PRICE, executed, some_terms
from escrow_process import World, a_world

EVENTS = 7
"""Types that a trade tells, each once."""

KILLS = [
    pytest.param("", id="no kill"),
    pytest.param("relay.after_claim", marks=pytest.mark.fault("P1")),
    pytest.param("relay.after_confirm", marks=pytest.mark.fault("P2")),
    pytest.param("consumer.before_ack.escrow.executed_contracts", marks=pytest.mark.fault("P3")),
    pytest.param("consumer.before_ack.escrow.commands:2", marks=pytest.mark.fault("P3")),
    pytest.param("consumer.before_commit.escrow.executed_contracts", marks=pytest.mark.fault("P4")),
    pytest.param("consumer.before_commit.escrow.commands:2", marks=pytest.mark.fault("P4")),
    pytest.param("escrow.after_page_before_store", marks=pytest.mark.fault("P5")),
    pytest.param("escrow.before_transfer", marks=pytest.mark.fault("P5")),
    pytest.param("escrow.after_transfer_before_store", marks=pytest.mark.fault("P5")),
    pytest.param("timers.before_done.payout.send", marks=pytest.mark.fault("P5")),
    pytest.param("timers.before_done.webhook.apply", marks=pytest.mark.fault("P5")),
]


@pytest.mark.parametrize("failpoint", KILLS)
async def test_a_trade_survives_a_kill_and_the_money_moves_once(
    database_url: str, broker_for, tmp_path: Path, failpoint: str
):
    broker = broker_for("escrow", "notifier")
    async with a_world(database_url, broker, tmp_path, failpoint) as world:
        escrow_id = await world.trade()
        seen = await world.told(EVENTS)

        transfers = await world.sandbox.objects("transfer")
        books = await world.sandbox.group(escrow_id)

    assert world.deaths == (1 if failpoint else 0)
    assert [one["amount"] for one in transfers] == [NET]
    assert (books["buyer_paid"], books["seller_received"], books["fee"]) == (PRICE, NET, FEE)
    assert len({kind for kind, _ in set(seen)}) == len(set(seen)) == EVENTS
    await require_green(database_url)


async def require_green(database_url: str) -> None:
    async with connect(database_url, SystemClock(), "escrow", size=2) as database:
        report = await check(database)
    assert report.green, report.faults


@pytest.mark.fault("M9")
@pytest.mark.parametrize(
    ("event", "why"),
    [
        (executed(terms_sha256="0" * 64), "not what was signed"),
        (
            executed(some_terms(price=2_000_000, rail=Rail.USDC_BASE)),
            "USDC_BASE, which is not configured",
        ),
    ],
)
async def test_a_contract_that_cannot_be_opened_is_parked_with_the_reason(
    database_url: str, broker_for, tmp_path: Path, event: ContractExecuted, why: str
):
    broker = broker_for("escrow", "notifier")
    async with a_world(database_url, broker, tmp_path) as world:
        await world.tell(event)
        parked = await _parked(world)

    assert why in str(parked.headers["x-error"])
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM escrows") == 0
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    await connection.close()


async def _parked(world: World):
    connection = await aio_pika.connect(world.broker.operator_url)
    async with connection, asyncio.timeout(20):
        channel = await connection.channel()
        queue = await channel.get_queue("escrow.executed_contracts.parked", ensure=False)
        while (message := await queue.get(fail=False)) is None:
            await asyncio.sleep(0.1)
        await message.ack()
        return message
