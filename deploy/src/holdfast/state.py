"""The state file: what runs, where, and how to reach it."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from holdfast.instance import Instance


class Status(StrEnum):
    """How far an instance has come."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True)
class ProcessState:
    """One process or step as the supervisor last saw it."""

    pid: int | None = None
    port: int | None = None
    started: bool = False
    ready: bool = False
    restarts: int = 0
    log: str | None = None


@dataclass(slots=True)
class State:
    """What a client needs to know of an instance."""

    plan: str
    status: Status = Status.STARTING
    pid: int | None = None
    error: str | None = None
    urls: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    processes: dict[str, ProcessState] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        fresh = path.with_suffix(f".{os.getpid()}")
        with open(fresh, "w", encoding="utf-8", opener=_private) as file:
            json.dump(asdict(self), file, indent=1)
        fresh.replace(path)


class BrokenState(RuntimeError):
    """The state file cannot be understood; the text names it and says what to do."""


def load(instance: Instance) -> State | None:
    """The state last written, or None when there is none."""
    try:
        raw = json.loads(instance.state_file.read_text(encoding="utf-8"))
        processes = {name: ProcessState(**it) for name, it in raw.pop("processes").items()}
        return State(**{**raw, "status": Status(raw["status"])}, processes=processes)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError, AttributeError) as failure:
        raise BrokenState(
            f"{instance.state_file} is broken ({type(failure).__name__}: {failure}); "
            "next: ./holdfast down, which does without it, then ./holdfast up"
        ) from failure


def lock(path: Path, *, wait: bool) -> IO[str] | None:
    """Take an advisory lock that lasts while the file is open; None when it is held elsewhere."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        file.close()
        return None
    return file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
