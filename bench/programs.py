"""Runs the programs that are measured, each a process of its own, ended whatever happens."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast import probes
from holdfast.process import prepare_child

READY_WITHIN_S = 30.0
END_WITHIN_S = 20.0


class ProgramFailed(RuntimeError):
    """A measured program did not start, or ended early; the text holds what it said."""


@dataclass(frozen=True, slots=True)
class Program:
    """A Python module to run, what it is told, and where its output goes."""

    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port_name: str = "PORT"

    def at(self, port: int) -> Program:
        """The same, told to listen there."""
        return replace(self, environment={**self.environment, self.port_name: str(port)})


async def start(program: Program, *, told: bool = False) -> asyncio.subprocess.Process:
    """Start it with none of our settings but its own; ``told``: what it says is read, not kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    with program.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", program.module, *program.arguments,
            env={**kept, **program.environment}, stdout=asyncio.subprocess.PIPE if told else log,
            stderr=log,
            stdin=asyncio.subprocess.DEVNULL, preexec_fn=prepare_child,
        )  # fmt: skip


@asynccontextmanager
async def serving(program: Program, url: str) -> AsyncIterator[int]:
    """Run a server while the block does; yields its pid once the URL answers."""
    child = await start(program)
    try:
        await ready(child, url, program.log)
        yield child.pid
    finally:
        await end(child)


async def ready(child: asyncio.subprocess.Process, url: str, log: Path) -> None:
    """Wait until the URL answers with a success."""
    answers, deadline = probes.http(url), time.monotonic() + READY_WITHIN_S
    while not await answers():
        if child.returncode is not None or time.monotonic() > deadline:
            raise ProgramFailed(f"{url} does not answer; read {log}")
        await asyncio.sleep(0.02)


async def end(child: asyncio.subprocess.Process) -> None:
    """Ask it to end, and insist after a while."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(END_WITHIN_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
