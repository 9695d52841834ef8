"""How much memory a supervised process and its children take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def resident_mb(leader: int) -> float:
    """Resident memory in MB (10^6 bytes) of a session; what children share counts once."""
    pages = sum(_resident_pages(pid) for pid in session(leader))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def session(leader: int) -> list[int]:
    """The processes of the session that this process leads."""
    members = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if entry.name.isdecimal() and os.getsid(int(entry.name)) == leader:
                members.append(int(entry.name))
    return members


def _resident_pages(pid: int) -> int:
    """Resident pages of one process without those it shares with files or other processes."""
    with contextlib.suppress(OSError):
        resident, shared = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1:3]
        return int(resident) if pid == os.getsid(pid) else int(resident) - int(shared)
    return 0
