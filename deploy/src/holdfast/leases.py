"""Leases: an instance that was started for somebody ends when the last user is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

from holdfast.instance import Instance

_POLL_S = 0.5


def take(instance: Instance) -> Path:
    """Say that this process uses the instance, for as long as it lives or until released."""
    path = _folder(instance) / str(os.getpid())
    path.write_text(_born(os.getpid()) or "", encoding="utf-8")
    return path


def release(path: Path) -> None:
    """Say that this process uses the instance no more."""
    path.unlink(missing_ok=True)


def holders(instance: Instance) -> list[int]:
    """The living processes that use the instance."""
    living = []
    for path in _folder(instance).iterdir():
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == _born(int(path.name)):
                living.append(int(path.name))
            else:
                path.unlink()
    return living


async def watch(instance: Instance, linger_s: float, stop: asyncio.Event) -> None:
    """Set `stop` once nobody has used the instance for so many seconds."""
    last_used = time.monotonic()
    while not stop.is_set():
        if holders(instance):
            last_used = time.monotonic()
        elif time.monotonic() - last_used > linger_s:
            stop.set()
        await asyncio.sleep(_POLL_S)


def _folder(instance: Instance) -> Path:
    folder = instance.run / "leases"
    folder.mkdir(exist_ok=True)
    return folder


def _born(pid: int) -> str | None:
    """When the process started, in clock ticks: a pid alone may come again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return stat.rpartition(")")[2].split()[19]
