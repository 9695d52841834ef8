"""Questions that tell whether a process is ready to serve."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.request
from collections.abc import Awaitable, Callable

Probe = Callable[[], Awaitable[bool]]

_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_PATIENCE_S = 2.0


async def _exchange(port: int, greeting: bytes, expected: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if greeting:
            writer.write(greeting)
            await writer.drain()
        return await reader.read(expected) if expected else b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _answers(port: int, greeting: bytes, prefix: bytes) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            got = await _exchange(port, greeting, len(prefix))
    except (OSError, TimeoutError):
        return False
    return got == prefix


def tcp(port: int) -> Probe:
    """Ready when the port accepts a connection."""

    async def probe() -> bool:
        return await _answers(port, b"", b"")

    return probe


def amqp(port: int) -> Probe:
    """Ready when the broker answers the protocol's greeting, which is later than an open port."""

    async def probe() -> bool:
        return await _answers(port, _AMQP_GREETING, b"\x01")

    return probe


def http(url: str, accepted: range = range(200, 300)) -> Probe:
    """Ready when the URL answers with an accepted status."""

    def ask() -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=_PATIENCE_S) as answer:
                return answer.status in accepted
        except urllib.request.HTTPError as refusal:
            refusal.close()
            return refusal.code in accepted
        except OSError:
            return False

    async def probe() -> bool:
        return await asyncio.to_thread(ask)

    return probe


def postgres(url: str) -> Probe:
    """Ready when the database answers a query."""

    async def probe() -> bool:
        import asyncpg  # noqa: PLC0415 - only who supervises a database pays for the driver

        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = await asyncpg.connect(url)
                await connection.close()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    return probe
