"""Killing and freezing the system's own processes, and waiting until they are back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from holdfast import daemon, supervisor
from holdfast.instance import Instance
from holdfast.state import ProcessState

BACK_WITHIN_S = 60


def process(instance: Instance, name: str) -> ProcessState:
    """The process as the supervisor sees it now."""
    state = daemon.running(instance)
    assert state is not None, "the instance runs no more"
    return state.processes[name]


async def kill(instance: Instance, *names: str) -> None:
    """kill -9, and return when each is ready again under another pid."""
    before = {name: process(instance, name).pid for name in names}
    for pid in before.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid or 0, signal.SIGKILL)
    ends = time.monotonic() + BACK_WITHIN_S
    for name, pid in before.items():
        while (now := process(instance, name)).pid == pid or not now.ready:
            assert time.monotonic() < ends, f"{name} is not back after {BACK_WITHIN_S} s"
            await asyncio.sleep(0.1)


@contextlib.contextmanager
def frozen(instance: Instance, name: str) -> Iterator[None]:
    """The process stands still while the block runs."""
    pid = process(instance, name).pid or 0
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def arm(instance: Instance, name: str, failpoints: str, mark: Path) -> None:
    """From its next start on, let the process kill itself there, once for each name."""
    folder = supervisor.overrides(instance)
    folder.mkdir(parents=True, exist_ok=True)
    planned = {"HOLDFAST_FAILPOINTS": failpoints, "HOLDFAST_FAILPOINT_MARK": str(mark)}
    (folder / f"{name}.json").write_text(json.dumps(planned))


def disarm(instance: Instance, name: str) -> None:
    """From its next start on, nothing is planned."""
    (supervisor.overrides(instance) / f"{name}.json").unlink(missing_ok=True)
