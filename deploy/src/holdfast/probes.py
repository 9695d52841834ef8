"""Questions that tell whether a process is ready to serve."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

Probe = Callable[[], Awaitable[bool]]

_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_PATIENCE_S = 2.0


async def _answer(port: int, greeting: bytes, expected: int) -> bytes | None:
    """The first bytes that come back, or None when they do not."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(greeting)
                return await reader.readexactly(expected)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None


def tcp(port: int) -> Probe:
    """Ready when the port accepts a connection."""

    async def probe() -> bool:
        return await _answer(port, b"", 0) is not None

    return probe


def amqp(port: int) -> Probe:
    """Ready when the broker answers the protocol's greeting, which is later than an open port."""

    async def probe() -> bool:
        return await _answer(port, _AMQP_GREETING, 1) == b"\x01"

    return probe


def http(url: str) -> Probe:
    """Ready when the URL, on this machine, answers with success."""
    parts = urlsplit(url)
    question = f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode()

    async def probe() -> bool:
        answer = await _answer(parts.port or 80, question, len(b"HTTP/1.1 2"))
        return answer is not None and answer.endswith(b" 2")

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
