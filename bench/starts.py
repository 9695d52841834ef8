"""How long `up` takes: with nothing but the programs there, and with data from the last run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import asyncpg
from holdfast import daemon, leases, plan
from holdfast.instance import Instance
from holdfast.state import State

from bench import commits

LINGER_S = 2.0
NO_LIMIT = {"HOLDFAST_SANDBOX_DISCORD_REQUESTS_PER_S": "0"}


def forget(instance: Instance) -> None:
    """Remove what earlier runs of this instance left; unpacked programs stay."""
    daemon.stop(instance)
    shutil.rmtree(instance.data, ignore_errors=True)


@contextmanager
def up(instance: Instance) -> Iterator[tuple[State, float]]:
    """The whole system while the block runs, and the seconds it took to be ready."""
    os.environ.update(NO_LIMIT)
    lease, began = leases.take(instance), time.monotonic()
    try:
        state = daemon.ensure(instance, daemon.Wish(plan.FULL, LINGER_S))
        yield state, time.monotonic() - began
    finally:
        leases.release(lease)
        daemon.stop(instance)


async def keep_commit_times(state: State) -> None:
    """From its next start on, the database knows when each transaction was committed."""
    connection = await asyncpg.connect(state.urls["postgres"])
    try:
        with suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute(commits.ENABLE)
    finally:
        await connection.close()
