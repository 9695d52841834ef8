"""The servers Holdfast stands on, found or started in a fixed order."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.process import Node


class ServerUnavailable(RuntimeError):
    """A server is neither given nor startable here; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server: how to reach it, and what has to run for it (nothing, when it was given)."""

    urls: Mapping[str, str]
    nodes: tuple[Node, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def after(self) -> tuple[str, ...]:
        """The names to wait for before using the server."""
        return tuple(node.name for node in self.nodes)


def find_program(name: str, lack: str = "") -> Path:
    """The program beside this Python, else in PATH; `lack` says what to do without it."""
    beside = Path(sys.executable).parent / name
    found = beside if beside.exists() else shutil.which(name)
    if not found:
        raise ServerUnavailable(lack or f"no {name} here")
    return Path(found)
