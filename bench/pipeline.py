"""Events through outbox, broker and inbox: how many a second, and how long one takes at a pace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import commit_times, figures, programs, protocol
from bench.programs import Program
from bench.servers import Servers

SIDES = ("ours", "minimum")
BULK = "ours_bulk"
MODULES = {
    "ours": "bench.ours.pipeline",
    BULK: "bench.ours.pipeline",
    "minimum": "bench.minimum.pipeline",
}
"""What is measured: ours one event at a time and by a bulk handler, each against the minimum."""
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Flow:
    """How many events, and how many a second (0: as many as it can)."""

    count: int
    rate: float = 0.0


async def measure(servers: Servers, side: str, flow: Flow) -> dict[str, Any]:
    """One run on fresh databases and queues."""
    with ExitStack() as stack:
        from_url = stack.enter_context(servers.database("escrow"))
        to_url = stack.enter_context(servers.database("notifier"))
        broker = stack.enter_context(servers.broker("escrow", "notifier"))
        for url, role in ((from_url, "escrow"), (to_url, "notifier")):
            await _prepare(servers.superuser(url), role)
        ends = {
            "publish": _environment(side, from_url, broker.url("escrow")),
            "consume": _environment(side, to_url, broker.url("notifier")),
        }
        told = await _run(side, flow, ends, servers.log)
        took = await commit_times.between(
            servers.superuser(from_url), servers.superuser(to_url), ("escrow", "notifier")
        )
    seconds = told["consume"]["ended"] - told["publish"]["began"]
    return {
        "per_s": flow.count / seconds,
        "cpu_ms_per_event": 1000 * sum(it["cpu_s"] for it in told.values()) / flow.count,
        "commit_to_applied_ms": figures.spread(took),
    }


async def _prepare(superuser_url: str, role: str) -> None:
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(
            f"CREATE TABLE {role}.bench_rows (id text PRIMARY KEY);"
            f"GRANT SELECT, INSERT ON {role}.bench_rows TO {role}"
        )
    finally:
        await connection.close()


def _environment(side: str, database_url: str, broker_url: str) -> dict[str, str]:
    known = {"DATABASE_URL": database_url, "BROKER_URL": broker_url}
    if side != "minimum":
        known |= {
            "CURSOR_SECRET": "bench",
            "SERVICE_SECRET": "only-for-the-bench",
            "LOG_LEVEL": "WARNING",
        }
    prefix = "" if side == "minimum" else "HOLDFAST_"
    return {prefix + name: value for name, value in known.items()}


async def _run(
    side: str, flow: Flow, ends: Mapping[str, Mapping[str, str]], log: Path
) -> dict[str, Mapping[str, float]]:
    consuming = ["consume", str(flow.count), *(["bulk"] if side == BULK else [])]
    consumer = await _start(side, consuming, ends["consume"], log)
    children = [consumer]
    try:
        async with asyncio.timeout(PATIENCE_S + (flow.count / flow.rate if flow.rate else 0)):
            await protocol.read(consumer, log)
            arguments = ["publish", str(flow.count), str(flow.rate)]
            children.append(await _start(side, arguments, ends["publish"], log))
            said = [await protocol.read(child, log) for child in reversed(children)]
            return dict(zip(("publish", "consume"), said, strict=True))
    finally:
        for child in children:
            await programs.end(child)


async def _start(
    side: str, arguments: list[str], environment: Mapping[str, str], log: Path
) -> asyncio.subprocess.Process:
    program = Program(MODULES[side], tuple(arguments), environment, log / "bench-pipeline.log")
    return await programs.start(program, told=True)
