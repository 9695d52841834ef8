"""Does one thing that operators or services do, on escrow's filled tables, and tells what it took.

A program of its own (`python -m bench.growth.probes NAME`), so that its memory is its own. It calls
what the services and the command line call.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from chassis.clock import SystemClock
from chassis.messaging import relay
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.storage import audit, database, pruning
from chassis.storage import audit_check as checks
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import Statement
from chassis.storage.timers import Timer, Timers
from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.ids import new_id
from escrow.store import ledger
from faststream.rabbit import RabbitBroker

from bench import protocol
from bench.workload import repeat

Probe = Callable[[Database], Awaitable[dict[str, Any]]]
LOOKS = 30
BATCHES = 5
EVENTS, PREFETCH, QUEUE = 2_000, 10, "notifier.events"
PIPELINE_WITHIN_S = 120.0
PRUNE_AT_MOST_S = 60.0


async def prune(db: Database) -> dict[str, Any]:
    """Forget what is past its time, as every service does each hour, a slice at a time."""
    slices: list[float] = []

    class Timed(Database):
        async def execute(self, asked: Statement, /, **values: Any) -> int:
            began = time.perf_counter()
            count = await super().execute(asked, **values)
            if count == pruning.SLICE:
                slices.append((time.perf_counter() - began) * 1000)
            return count

    began = time.perf_counter()
    rows = await pruning.prune(Timed(db.pool, db.clock, db.service), at_most_s=PRUNE_AT_MOST_S)
    seconds = time.perf_counter() - began
    found = {"prune_s": seconds, "prune_rows": rows, "prune_us_a_row": seconds * 1e6 / max(rows, 1)}
    return found | ({"prune_slice_ms": statistics.median(slices)} if slices else {})


async def ledger_part(db: Database) -> dict[str, Any]:
    """Check some escrows, as the job does one part after the other."""
    after, took = ledger.START, list[float]()
    while len(took) < BATCHES:
        began = time.perf_counter()
        part = await ledger.following(db, after)
        if len(part) < ledger.ESCROWS_AT_ONCE:
            break
        if faults := await ledger.refuted(db, part):
            raise RuntimeError(f"the books that were filled in do not hold: {faults[0]}")
        took.append((time.perf_counter() - began) * 1000)
        after = part[-1]
    return {"ledger_part_ms": statistics.median(took)} if took else {}


async def pipeline(db: Database) -> dict[str, Any]:
    """Events from a commit here through relay and broker to their effect at notifier."""
    seen, all_seen = 0, asyncio.Event()
    consumers = Consumers("notifier")

    async def apply(tx: Transaction, event: PayoutAccountReady) -> None:
        nonlocal seen
        tx.audit("bench.heard", event.user_id)
        seen += 1
        if seen == EVENTS:
            all_seen.set()

    consumers.events(QUEUE, apply)
    out = Publisher(os.environ["BROKER_URL"], "escrow")
    retries = Publisher(os.environ["READER_BROKER_URL"], "notifier")
    broker = RabbitBroker(os.environ["READER_BROKER_URL"], apply_types=False, logger=None)
    async with database.connect(os.environ["READER_URL"], db.clock, "notifier") as reader:
        Consuming(consumers, reader, retries, {}).attach(broker, PREFETCH)
        await broker.start()
        relaying = asyncio.ensure_future(Relay(db, out).forever())
        try:
            async with asyncio.timeout(PIPELINE_WITHIN_S):
                began = time.perf_counter()
                await repeat(EVENTS, lambda _: db.run(_stage_one), workers=PREFETCH)
                await all_seen.wait()
            seconds = time.perf_counter() - began
        finally:
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
            await broker.stop()
            await out.close()
            await retries.close()
    return {"pipeline_events_per_s": EVENTS / seconds}


async def _stage_one(tx: Transaction) -> None:
    tx.stage(PayoutAccountReady(user_id=new_id("usr")), sequence=1)


async def audit_check(db: Database) -> dict[str, Any]:
    """Prove the whole chain."""
    entries = await db.value("SELECT count(*) FROM audit_chain")
    before, began = _peak_mb(), time.perf_counter()
    faults = await checks.check(db)
    if faults:
        raise RuntimeError(f"the audit chain that was filled in does not hold: {faults[0]}")
    seconds = time.perf_counter() - began
    return {
        "audit_check_s": seconds,
        "audit_check_us_an_entry": seconds * 1e6 / entries,
        "audit_check_memory_mb": _peak_mb() - before,
    }


async def audit_look(db: Database) -> dict[str, Any]:
    """Look for entries to link where there are none."""
    return {"audit_look_ms": await _median_ms(lambda: audit.chain_once(db))}


async def timers_look(db: Database) -> dict[str, Any]:
    """Look for timers that are due where there are none."""
    timers = Timers()

    async def nothing(tx: Transaction, timer: Timer) -> None:
        raise AssertionError(f"{timer.timer_id} is not due")

    for row in await db.rows("SELECT DISTINCT kind FROM timers WHERE due_at > now()"):
        timers.on(row["kind"])(nothing)
    return {"timers_look_ms": await _median_ms(lambda: timers.once(db))}


async def relay_batch(db: Database) -> dict[str, Any]:
    """Look for rows to publish where there are none, then claim, publish and mark 200."""
    publisher = Publisher(os.environ["BROKER_URL"], "escrow")
    await publisher.channel()
    try:
        worker = Relay(db, publisher)
        look = await _median_ms(worker.once)
        took = []
        for _ in range(BATCHES):
            await db.run(_stage)
            began = time.perf_counter()
            published = await worker.once()
            took.append((time.perf_counter() - began) * 1000)
            if published != relay.BATCH:
                raise RuntimeError(f"{published} rows were published, not {relay.BATCH}")
    finally:
        await publisher.close()
    return {"relay_look_ms": look, "relay_batch_ms": statistics.median(took)}


async def _stage(tx: Transaction) -> None:
    for _ in range(relay.BATCH):
        tx.stage(PayoutAccountReady(user_id=new_id("usr")), sequence=1)


_ENTRY = """
INSERT INTO ledger_transactions (transaction_id, escrow_id, moment, reference, escrow_version, at)
VALUES (gen_random_uuid(), $1, $2, gen_random_uuid()::text, 1, now()) RETURNING transaction_id
"""
_POSTINGS = """
INSERT INTO postings (transaction_id, position, account, currency, amount)
VALUES ($1, 1, 'rail:stripe', 'USD', -$2::int), ($1, 2, 'provider_fees', 'USD', $2::int)
"""


async def global_account(db: Database) -> dict[str, Any]:
    """Book the provider's fee, and its return, which lowers an account of the whole platform."""
    escrow_id = await db.value("SELECT escrow_id FROM escrows LIMIT 1")

    async def book(moment: str, amount: int) -> None:
        async with db.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            entry = await connection.fetchval(_ENTRY, escrow_id, moment)
            await connection.execute(_POSTINGS, entry, amount)
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await transaction.rollback()

    return {
        "raise_global_account_ms": await _median_ms(lambda: book("provider_fee", 100)),
        "lower_global_account_ms": await _median_ms(lambda: book("provider_fee_returned", -100)),
    }


PROBES: dict[str, Probe] = {
    it.__name__: it
    for it in (
        *(prune, audit_check, audit_look, timers_look, relay_batch, global_account),
        *(ledger_part, pipeline),
    )
}


async def _median_ms(work: Callable[[], Awaitable[Any]]) -> float:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


async def main() -> None:
    """Do what the argument names; what fails is told too."""
    async with database.connect(os.environ["DATABASE_URL"], SystemClock(), "escrow") as db:
        try:
            protocol.tell(**await PROBES[sys.argv[1]](db))
        except (TimeoutError, asyncpg.QueryCanceledError) as failure:
            protocol.tell(failed=f"{type(failure).__name__} {failure}".strip())


if __name__ == "__main__":
    uvloop.run(main())
