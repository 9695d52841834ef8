"""A service in a process of its own, with all that it needs in its environment."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika

END_WITHIN_S = 20


def environment_of(service: str, database_url: str, broker: Any, **more: str) -> dict[str, str]:
    """What every service needs, on a free port; ``more`` settings are named as the service does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "database_url": database_url,
        "broker_url": broker.url(service),
        "cursor_secret": "only-for-tests",
        "service_secret": "only-for-these-tests",
        "port": str(port),
        "log_level": "ERROR",
    }
    return {f"HOLDFAST_{name.upper()}": value for name, value in (settings | more).items()}


@asynccontextmanager
async def process(
    package: str, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service's process, which is asked to end at the end of the block."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", package), env=os.environ | environment
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGTERM)
        async with asyncio.timeout(END_WITHIN_S):
            await started.wait()


async def arrived(broker: Any, queue: str) -> list[tuple[str, str]]:
    """Type and id of every message on the queue, doubles included; they are taken off it."""
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        there = await channel.get_queue(queue, ensure=False)
        found = []
        while (message := await there.get(no_ack=True, fail=False)) is not None:
            found.append((str(message.type), str(message.message_id)))
        return found
