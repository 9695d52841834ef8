"""Ends what a supervisor left behind; recognises its own by a mark in the environment.

Files that its processes make outside of the instance's folder are listed in it from the start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "HOLDFAST_MARK"
_GRACE_S = 5.0


def marked(mark: str) -> list[int]:
    """The processes that carry this instance's mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def sweep(mark: str, grace_s: float = _GRACE_S) -> int:
    """End every process with the mark, first gently; return how many there were."""
    found = marked(mark)
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    _send(marked(mark), signal.SIGKILL)
    return len(found)


def note(mark: str, paths: Iterable[Path]) -> None:
    """List files for removal, in case nobody else lives to do it."""
    text = "".join(f"{path}\n" for path in paths)
    _list(mark).parent.mkdir(parents=True, exist_ok=True)
    _list(mark).write_text(text, encoding="utf-8")


def clear(mark: str) -> None:
    """End every process with the mark, then remove the listed files."""
    sweep(mark)
    with contextlib.suppress(FileNotFoundError):
        for line in _list(mark).read_text(encoding="utf-8").splitlines():
            Path(line).unlink(missing_ok=True)
        _list(mark).unlink(missing_ok=True)


def _list(mark: str) -> Path:
    return Path(mark) / "run" / "leaves"


def _send(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, what)


if __name__ == "__main__":
    clear(sys.argv[1])
