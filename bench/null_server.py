"""A server that does nothing but answer, to see how much the load generator itself can do."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvloop

from bench import listings, load_generator, programs, servers
from bench.load_generator import Load
from bench.programs import Program

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Answering(asyncio.Protocol):
    """Answers every request, whatever it says (bodies are small enough to come with it)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._transport.write(ANSWER)


async def serve(port: int) -> None:
    """Answer until ended."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
    await server.serve_forever()


async def measure(log: Path, seconds: float) -> dict[str, Any]:
    """What the load generator reaches when the server costs next to nothing."""
    port = servers.free_port()
    program = Program("bench.null_server", (str(port),), {}, log / "bench-null-server.log")
    async with programs.serving(program, f"http://127.0.0.1:{port}/"):
        requests = [load_generator.request("GET", "/", {})]
        return await load_generator.run(Load(port, requests, listings.CONNECTIONS, seconds))


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
