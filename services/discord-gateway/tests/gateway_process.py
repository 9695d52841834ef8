"""The gateway as a process of its own, which may be killed at a named point."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from gateway_harness import Harness, free_port

KILLED = -signal.SIGKILL
SECRETS = ("database_url", "broker_url", "cursor_secret", "discord_token", "custom_id_secret")
PLAIN = ("discord_api_base", "discord_gateway_url", "clock_file", "identity_url", "escrow_url")


def environment(harness: Harness, port: int, failpoint: str, mark: Path) -> dict[str, str]:
    """The settings of the harness, as a process is given them."""
    settings = harness.settings
    given = {name: getattr(settings, name).get_secret_value() for name in SECRETS}
    given |= {name: str(getattr(settings, name)) for name in PLAIN}
    given |= {"service_secret": settings.service_secret.get_secret_value(), "port": str(port)}
    if failpoint:
        given |= {"failpoints": failpoint, "failpoint_mark": str(mark)}
    return os.environ | {f"HOLDFAST_{name.upper()}": value for name, value in given.items()}


@contextlib.asynccontextmanager
async def process(
    harness: Harness, folder: Path, failpoint: str = "", port: int = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A ready process; ended with SIGTERM if it has not died by itself."""
    port = port or free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "discord_gateway",
        env=environment(harness, port, failpoint, folder / "fired"),
        stdout=(folder / f"gateway-{port}.log").open("wb"),
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await _ready(child, f"http://127.0.0.1:{port}/ready")
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
            await asyncio.wait_for(child.wait(), 20)


async def _ready(child: asyncio.subprocess.Process, url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as http:
        while child.returncode is None:
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"the gateway ended with {child.returncode} before it was ready")
