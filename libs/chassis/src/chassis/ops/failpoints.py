"""Places where a test may kill the process: ``HOLDFAST_FAILPOINTS=outbox.after_claim:3``."""

from __future__ import annotations

import os
import signal

_PLANNED = {
    name: int(count or "1")
    for name, _, count in (
        entry.partition(":") for entry in os.environ.get("HOLDFAST_FAILPOINTS", "").split(",")
    )
    if name
}
_ONCE_MARK = os.environ.get("HOLDFAST_FAILPOINT_MARK", "")


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL on the planned hit of this name; otherwise do nothing.

    With HOLDFAST_FAILPOINT_MARK naming a file, a process that starts again after the kill does
    not die a second time: the file remembers which names have fired.
    """
    if name not in _PLANNED:
        return
    _PLANNED[name] -= 1
    if _PLANNED[name] > 0 or _fired(name):
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _fired(name: str) -> bool:
    if not _ONCE_MARK:
        return False
    with open(_ONCE_MARK, "a+") as mark:
        mark.seek(0)
        if name in mark.read().split():
            return True
        mark.write(name + "\n")
        mark.flush()
        os.fsync(mark.fileno())
    return False
