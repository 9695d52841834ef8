"""Fills an instance's tables to each size in turn and measures the same work at each."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
from holdfast.access import Access
from holdfast.console import err
from holdfast.instance import Instance
from holdfast.services import named

from bench import lines, machine, programs, protocol, servers, startup
from bench.figures import rounded
from bench.growth import chain, fill, live, patterns, stories
from bench.growth.patterns import HOME, Pattern
from bench.programs import Program
from bench.trades import SCHEMAS

INSTANCE = "bench-growth"
KB_AN_ESCROW, KB_MORE = 20, 5_000_000
"""Tables and indexes of one escrow; and write-ahead log while many rows are written."""
LOOK_S = 2.0
ALONE = (
    *("relay_batch", "timers_look", "audit_look", "global_account", "audit_check"),
    *("ledger_part", "pipeline"),
)
"""Measured while no service runs."""
_SIZE = """
SELECT pg_database_size(current_database()) / 1e6 AS database_mb,
    (SELECT sum(n_live_tup) / 1e6 FROM pg_stat_user_tables WHERE schemaname <> $1) AS rows_million
"""


class TooLittleRoom(RuntimeError):
    """The disk has no room for so many rows."""


class RedBooks(RuntimeError):
    """What was filled in is not what the services would have written."""


class Growth:
    """Measures at each number of escrows, the smallest first."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Measure at these numbers of escrows."""
        self._sizes, self._instance = sorted(sizes), Instance.named(INSTANCE)
        self._began = time.monotonic()
        self._about = machine.describe()

    def run(self) -> dict[str, Any]:
        """Measure; the figures as `--json` writes them. No data are left behind."""
        startup.remove_data(self._instance)
        self._have_room()
        try:
            with startup.running(self._instance) as (state, _):
                self._about |= asyncio.run(machine.servers(state.urls))
                asyncio.run(stories.play(state))
            kept: list[Pattern] = []
            at = {
                str(size): self._measure(kept, filled, size)
                for filled, size in itertools.pairwise([0, *self._sizes])
            }
        finally:
            startup.remove_data(self._instance)
        seconds = time.monotonic() - self._began
        return {"at": rounded(at), "bench_s": round(seconds), "machine": self._about}

    def _measure(self, kept: list[Pattern], filled: int, size: int) -> dict[str, Any]:
        others = {"cores_taken_by_others": machine.busy_cores(LOOK_S)}
        with servers.running(self._instance) as found:
            access = Access(self._instance, found.postgres, found.rabbitmq)
            took = asyncio.run(_fill(access.superuser_url(), kept, filled, size))
            measured = self._note(f"filled to {size:,}", took | others)
            urls = {"DATABASE_URL": access.database_url(named("escrow")),
                    "READER_URL": access.database_url(named("notifier"))}  # fmt: skip
            check = _ledger_check(urls["DATABASE_URL"], size)
            measured |= self._note("ledger check", check)
            with found.broker("escrow", "notifier") as broker:
                urls |= {"BROKER_URL": broker.url("escrow"),
                         "READER_BROKER_URL": broker.url("notifier")}  # fmt: skip
                for probe in ALONE:
                    measured |= self._probe(probe, urls)
        with startup.running(self._instance) as (state, _):
            measured |= self._note("running", asyncio.run(live.measure(state)))
            measured |= self._probe("prune", urls)
        return measured

    def _probe(self, name: str, urls: Mapping[str, str]) -> dict[str, Any]:
        log = self._instance.log / "bench-growth.log"
        return self._note(name, asyncio.run(_probe(name, urls, log)))

    def _note(self, name: str, measured: dict[str, Any]) -> dict[str, Any]:
        seconds = time.monotonic() - self._began
        err.print(f"[dim]{seconds:6.1f} s[/]  {name:<22} {lines.short(measured)}", highlight=False)
        return measured

    def _have_room(self) -> None:
        needed = (self._sizes[-1] * KB_AN_ESCROW + KB_MORE) / 1e6
        free = shutil.disk_usage(self._instance.data).free / 1e9
        if free < needed:
            raise TooLittleRoom(f"{needed:.0f} GB are needed and {free:.0f} GB are free")


async def _fill(url: str, kept: list[Pattern], filled: int, size: int) -> dict[str, Any]:
    """Copies from one size to the next, on two connections, escrow's on one of them."""
    began = time.monotonic()
    whole = range(filled // stories.ESCROWS, size // stories.ESCROWS)
    two = [await fill.opened(url), await fill.opened(url)]
    await fill.hurry(two[0])
    if not kept:
        kept += await patterns.take(two[0])
    await fill.number(two[0], whole)
    made = ["escrow.ledger_balances", *(f"{schema}.audit_chain" for schema in SCHEMAS)]
    await fill.without_indexes(two[0], [*made, *(it.name for it in kept)])
    halves = ([it for it in kept if it.schema == "escrow"],
              [it for it in kept if it.schema != "escrow"])  # fmt: skip

    async def copy(connection: Any, half: list[Pattern]) -> None:
        for start in whole[:: fill.BATCH]:
            part = range(start, min(start + fill.BATCH, whole.stop))
            for pattern in half:
                await fill.copy(connection, pattern, part, whole)

    await asyncio.gather(*(copy(it, half) for it, half in zip(two, halves, strict=True)))
    await _index(url, two, kept)
    filled_in = [*made, *(it.name for it in kept)]
    await asyncio.gather(*(_vacuum(it, filled_in) for it in two))
    await fill.settle(two[0])
    for connection in two:
        await connection.close()
    return {"filled_in_s": time.monotonic() - began, **await _size(url)}


async def _index(url: str, two: Sequence[Any], kept: Sequence[Pattern]) -> None:
    """Make the indexes, and link what was audited while those of other tables are made."""
    audited = sorted(it.name for it in kept if it.table == "audit_entries")
    left = [it.name for it in kept if it.table != "audit_entries"]

    async def others() -> None:
        while left:
            await fill.index(two[1], left.pop(0))

    async def link() -> None:
        await fill.balance(two[0])
        for name in ("escrow.ledger_balances", *audited):
            await fill.index(two[0], name)
        for schema in SCHEMAS:
            await chain.link(url, schema)
            await fill.index(two[0], f"{schema}.audit_chain")
        while left:
            await fill.index(two[0], left.pop())

    await asyncio.gather(others(), link())


async def _vacuum(connection: Any, left: list[str]) -> None:
    while left:
        await fill.vacuum(connection, left.pop())


async def _size(url: str) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        (row,) = await connection.fetch(_SIZE, HOME)
        return {name: float(it) for name, it in row.items()}
    finally:
        await connection.close()


def _ledger_check(url: str, escrows: int) -> dict[str, Any]:
    """The operator's full check, as `./holdfast ledger check` runs it."""
    environment, began = {**os.environ, "HOLDFAST_DATABASE_URL": url}, time.perf_counter()
    check = [sys.executable, "-m", "escrow.ledger", "check"]
    done = subprocess.run(check, env=environment, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode == 1 and "RED" in done.stdout:
        raise RedBooks(f"the books that were filled in do not hold:\n{done.stdout}")
    if done.returncode:
        return {"failed_ledger_check": done.stderr.strip().splitlines()[-1][:200]}
    return {"ledger_check_s": seconds, "ledger_check_us_an_escrow": seconds * 1e6 / escrows}


async def _probe(name: str, urls: Mapping[str, str], log: Path) -> dict[str, Any]:
    program = Program("bench.growth.probes", (name,), dict(urls), log)
    child = await programs.start(program, told=True)
    try:
        found = dict(await protocol.read(child, log))
    finally:
        await programs.end(child)
    return {f"failed_{name}": found["failed"]} if "failed" in found else found
