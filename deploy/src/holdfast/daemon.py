"""Starts, finds and stops an instance's supervisor from another process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from holdfast.instance import Instance
from holdfast.state import State, Status, load, lock

_POLL_S = 0.05
_START_TIMEOUT_S = 300.0
_STOP_TIMEOUT_S = 60.0


class NotStarted(RuntimeError):
    """The instance did not come up; the text says why and where to look."""


def running(instance: Instance) -> State | None:
    """The instance's state, or None when no supervisor lives."""
    return load(instance) if supervisor_pid(instance) is not None else None


def ensure(
    instance: Instance,
    plan: str,
    linger_s: float | None = None,
    progress: Callable[[State], None] | None = None,
) -> State:
    """Have the instance run this plan and be ready: find it so, or start it and wait.

    What is started ends by itself once nobody has used it for `linger_s`; None: it stays.
    """
    with lock(instance.run / "client.lock", wait=True) or contextlib.nullcontext():
        deadline = time.monotonic() + _START_TIMEOUT_S
        started = False
        while time.monotonic() < deadline:
            state = running(instance)
            if state is None or state.status in (Status.STOPPED, Status.FAILED):
                if state is None and started:
                    raise NotStarted(_reason(instance))
                if state is None:
                    _spawn(instance, plan, linger_s)
                    started = True
            elif state.status is Status.READY:
                return _fitting(state, plan)
            if state and progress:
                progress(state)
            time.sleep(_POLL_S)
    raise NotStarted(f"not ready in {_START_TIMEOUT_S:.0f} s; see {instance.log}")


def stop(instance: Instance) -> bool:
    """Take the instance down and wait until all of it is gone; False when it did not run."""
    pid = supervisor_pid(instance)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while supervisor_pid(instance) is not None:
        if time.monotonic() > deadline:
            raise NotStarted(f"process {pid} does not stop; see {instance.log}")
        time.sleep(_POLL_S)
    return True


def supervisor_pid(instance: Instance) -> int | None:
    """The process that supervises the instance, as the lock that it holds says."""
    path = instance.run / "supervisor.lock"
    held = lock(path, wait=False)
    if held is not None:
        held.close()
        return None
    text = path.read_text(encoding="utf-8")
    return int(text) if text.isdecimal() and _supervises(int(text)) else None


def _supervises(pid: int) -> bool:
    """Whether the process is a supervisor: the lock may be held by one who just looks."""
    try:
        return b"holdfast.supervise" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _spawn(instance: Instance, plan: str, linger_s: float | None) -> None:
    """Start a supervisor and return once it holds its lock, or has ended without."""
    command = [sys.executable, "-m", "holdfast.supervise", "--instance", instance.name]
    command += ["--plan", plan]
    if linger_s is not None:
        command += ["--linger", str(linger_s)]
    (instance.state_file).unlink(missing_ok=True)
    environment = {**os.environ, "HOLDFAST_ROOT": str(instance.root)}
    with (instance.log / "supervisor.log").open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=instance.root,
            env=environment,
        )
    while child.poll() is None and load(instance) is None:
        time.sleep(_POLL_S)


def _fitting(state: State, plan: str) -> State:
    if state.plan != plan:
        raise NotStarted(
            f"this instance already runs the plan {state.plan!r}, not {plan!r}: "
            "stop it with `holdfast down`, or take another with --instance"
        )
    return state


def _reason(instance: Instance) -> str:
    state = load(instance)
    if state and state.error:
        return state.error
    return f"the supervisor ended at once; see {instance.log / 'supervisor.log'}"
