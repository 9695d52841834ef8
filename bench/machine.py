"""What the figures come from: the machine and the versions, without names of hosts."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx
from holdfast.instance import checkout

_PACKAGES = ("fastapi", "uvicorn", "uvloop", "asyncpg", "aio-pika", "faststream", "pydantic")


def describe() -> dict[str, str]:
    """Processor, memory, system, versions, date, and the commit that was measured."""
    memory = _found(r"MemTotal: +(\d+) kB", "/proc/meminfo", "0")
    return {
        "cpu": _found(r"model name\s*: (.+)", "/proc/cpuinfo", platform.machine()),
        "cores": str(len(os.sched_getaffinity(0))),
        "ram_gb": f"{int(memory) * 1024 / 1e9:.0f}",
        "os": _found(r'PRETTY_NAME="(.+)"', "/etc/os-release", platform.system()),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
    }


async def servers(urls: Mapping[str, str]) -> dict[str, str]:
    """The versions of PostgreSQL and RabbitMQ."""
    connection = await asyncpg.connect(urls["postgres"])
    try:
        postgres = str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()
    async with httpx.AsyncClient() as http:
        answer = await http.get(urls["rabbitmq_management"].rstrip("/") + "/api/overview")
        known = answer.json() if answer.status_code == 200 else {}
    return {"postgresql": postgres, "rabbitmq": str(known.get("rabbitmq_version", "unknown"))}


def busy_cores(seconds: float) -> float:
    """How many cores are busy now; while nothing of ours runs, that is what others take."""
    before = _busy_s()
    time.sleep(seconds)
    return (_busy_s() - before) / seconds


def _busy_s() -> float:
    ticks = [int(it) for it in Path("/proc/stat").read_text(encoding="ascii").split()[1:9]]
    idle, waiting_for_disk = ticks[3:5]
    return (sum(ticks) - idle - waiting_for_disk) / os.sysconf("SC_CLK_TCK")


def _found(pattern: str, path: str, otherwise: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return otherwise
    return found[1] if found else otherwise


def _commit() -> str:
    asked = ["git", "-C", str(checkout()), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
