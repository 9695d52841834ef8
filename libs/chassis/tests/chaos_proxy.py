"""A TCP proxy that stands before a real server and misbehaves when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class ChaosProxy:
    """Passes bytes between clients and one server; cuts, silences or refuses on demand."""

    def __init__(self, url: str) -> None:
        """Stand before the server that this URL names."""
        self._url = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.swallow_replies = False
        """Let requests through and lose what the server answers."""
        self.refuse = False
        """Close every new connection at once."""
        self.swallowed = 0
        self.refused = 0

    @property
    def url(self) -> str:
        """The same URL, through this proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        login, _, _ = self._url.netloc.rpartition("@")
        return urlunsplit(self._url._replace(netloc=f"{login}@127.0.0.1:{port}"))

    def cut(self) -> None:
        """End every connection at once, without a word (RST)."""
        for writer in self._writers:
            writer.transport.abort()

    def away(self) -> None:
        """As if the server were gone: nothing open stays, nothing new is taken."""
        self.refuse = True
        self.cut()

    def back(self) -> None:
        """As if nothing had been."""
        self.refuse = self.swallow_replies = False

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)

    async def stop(self) -> None:
        """End everything."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            far = await asyncio.open_connection(self._url.hostname, self._url.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far[1]}
        for source, sink, replies in ((reader, far[1], False), (far[0], writer, True)):
            task = asyncio.ensure_future(self._pass(source, sink, replies))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, replies: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if replies and self.swallow_replies:
                    self.swallowed += len(data)
                    continue
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)


@asynccontextmanager
async def standing_before(url: str) -> AsyncIterator[ChaosProxy]:
    """A proxy that runs while the block does."""
    proxy = ChaosProxy(url)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
