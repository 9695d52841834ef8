"""What an instance's processes cost: CPU time and memory, from /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from holdfast.memory import session
from holdfast.services import SERVICES
from holdfast.state import State

SUPERVISOR = "supervisor"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(state: State) -> dict[str, float]:
    """CPU seconds so far of each supervised process and all below it, and of the supervisor."""
    parents = _parents()
    named = {it.pid: name for name, it in state.processes.items() if it.pid}
    found = {name: 0.0 for name in [*named.values(), SUPERVISOR]}
    for pid in parents:
        lineage = _lineage(pid, parents)
        if state.pid in lineage:
            owner = next((named[it] for it in lineage if it in named), SUPERVISOR)
            found[owner] += _cpu_s(pid)
    return found


def _parents() -> dict[int, int]:
    """Each living process and its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            found[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def _lineage(pid: int, parents: Mapping[int, int]) -> list[int]:
    """The process, its parent, and so on up."""
    found = []
    while pid:
        found.append(pid)
        pid = parents.get(pid, 0)
    return found


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each process took in between."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def memory_mb(state: State) -> dict[str, dict[str, float]]:
    """Resident and proportional memory of each service's process in MB (10^6 bytes).

    What it started beside itself is ``children_rss``, such as what makes the PDFs of contracts
    while there is work for it.
    """
    found = {}
    for service in SERVICES:
        leader = state.processes[service.name].pid
        if leader:
            own = _smaps(leader)
            others = [_smaps(pid) for pid in session(leader) if pid != leader]
            found[service.name] = {
                "rss": _mb(own.get("Rss", 0)),
                "pss": _mb(own.get("Pss", 0)),
                "children_rss": _mb(sum(it.get("Rss", 0) for it in others)),
            }
    return found


def _mb(kib: int) -> float:
    return kib * 1024 / 1e6


def _cpu_s(pid: int) -> float:
    """Of the process and of its children that have ended and were waited for."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return sum(int(it) for it in stat.rpartition(")")[2].split()[11:15]) / _TICKS_PER_S
    return 0.0


def _smaps(pid: int) -> dict[str, int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return {}
