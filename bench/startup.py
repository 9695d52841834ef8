"""How long `up` takes: with nothing but the programs there, and with data from the last run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from holdfast import daemon, leases, plan
from holdfast.instance import Instance
from holdfast.state import State

from bench import commit_times, statements

LINGER_S = 2.0
NO_LIMIT = {
    "HOLDFAST_SANDBOX_DISCORD_REQUESTS_PER_S": "0",
    "HOLDFAST_REQUESTS_PER_MINUTE": "1000000000",
    "HOLDFAST_REQUESTS_PER_MINUTE_OF_A_LOGIN": "1000000000",
}
"""Requests are counted as ever, and there are always some left."""


def remove_data(instance: Instance) -> None:
    """Remove what earlier runs of this instance left; unpacked programs stay."""
    daemon.stop(instance)
    shutil.rmtree(instance.data, ignore_errors=True)


@contextmanager
def running(instance: Instance) -> Iterator[tuple[State, float]]:
    """The whole system while the block runs, and the seconds it took to be ready."""
    os.environ.update(NO_LIMIT)
    lease, began = leases.take(instance), time.monotonic()
    try:
        state = daemon.ensure(instance, plan.FULL, LINGER_S)
        yield state, time.monotonic() - began
    finally:
        leases.release(lease)
        daemon.stop(instance)


async def observe_database(state: State) -> None:
    """From its next start on, our own server keeps commit times and can count statements.

    A server that somebody gave us is not started again, and keeps its settings.
    """
    if "postgres" not in state.processes:
        return
    connection = await asyncpg.connect(state.urls["postgres"])
    try:
        await connection.execute(commit_times.ENABLE)
    finally:
        await connection.close()
    await statements.load(state.urls["postgres"])
