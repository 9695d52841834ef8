"""The two kinds of thing the supervisor brings up: a process that stays, a step that ends."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.limits import allow_open_files
from holdfast.probes import Probe

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Process:
    """A program that is started once its predecessors are ready, and kept alive."""

    name: str
    command: tuple[str, ...]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    port: int | None = None
    folder: Path | None = None
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 20.0
    start_timeout_s: float = 60.0
    leaves: tuple[Path, ...] = ()
    """Files that it makes outside of its folder: removed once it has ended."""
    loads_early: bool = False
    """Started at once to load its code; its standard input ends when its predecessors are ready."""


@dataclass(frozen=True, slots=True)
class Step:
    """Work that is done once its predecessors are ready, and that others may wait for."""

    name: str
    run: Callable[[], Awaitable[None]]
    after: tuple[str, ...] = ()


Node = Process | Step


@dataclass(frozen=True, slots=True)
class Plan:
    """What to bring up, and what a client has to know to use it."""

    nodes: tuple[Node, ...]
    urls: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a plan whose names repeat or whose order names nothing."""
        names = [node.name for node in self.nodes]
        unknown = {name for node in self.nodes for name in node.after} - set(names)
        if len(set(names)) != len(names) or unknown:
            raise ValueError(f"the plan repeats a name or waits for unknown ones: {unknown}")


def prepare_child() -> None:
    """Between fork and exec: end when the supervisor dies, and open as many files as may be."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    allow_open_files()
