"""The detached process that supervises one instance: `python -m holdfast.supervise`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from holdfast import leases, plan, reaper
from holdfast.instance import Instance
from holdfast.state import State, lock
from holdfast.supervisor import StartFailed, Supervisor

_LOCK_PATIENCE_S = 2.0


async def supervise(instance: Instance, kind: str, linger_s: float | None) -> int:
    """Run the plan of this kind until a signal, or until nobody uses the instance any more."""
    state = State(plan=kind, pid=os.getpid())
    state.save(instance.state_file)
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    watch = None
    try:
        prepared = await asyncio.to_thread(plan.build, instance, kind)
        if linger_s is not None:
            watch = asyncio.create_task(leases.watch(instance, linger_s, stop))
        await Supervisor(instance, prepared, state).run(stop)
    except StartFailed:
        return 1
    except Exception as failure:
        plan.fail(state, failure, instance)
        raise
    finally:
        if watch:
            watch.cancel()
    return 0


@contextmanager
def guard(instance: Instance) -> Iterator[None]:
    """Have everything ended even if this process is killed: a sleeper that wakes at our death."""
    script = 'read _ ; exec "$0" -m holdfast.reaper "$1"'
    sleeper = subprocess.Popen(
        ["/bin/sh", "-c", script, sys.executable, instance.mark],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        sleeper.kill()
        sleeper.wait()


def _only_one(instance: Instance) -> IO[str] | None:
    """The lock of the one supervisor; clients that look whether one lives hold it for a moment."""
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while (held := lock(instance.run / "supervisor.lock", wait=False)) is None:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held


def main() -> int:
    """Supervise, unless this instance is supervised already."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--instance", required=True)
    arguments.add_argument("--plan", required=True, choices=plan.KINDS)
    arguments.add_argument("--linger", type=float)
    given = arguments.parse_args()
    instance = Instance.named(given.instance)
    held = _only_one(instance)
    if held is None:
        return 0
    with held, guard(instance):
        reaper.clear(instance.mark)
        return asyncio.run(supervise(instance, given.plan, given.linger))


if __name__ == "__main__":
    sys.exit(main())
