"""Loads one HTTP/1.1 server over many kept connections, one request at a time on each.

A process of its own (`python -m bench.load_generator`): it reads its load as JSON from standard
input and tells what it measured on standard output. It is built to cost little: no client library,
requests ready as bytes, answers read only as far as their length and status.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

import uvloop

from bench import figures, protocol

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of whom, how hard, and how long."""

    port: int
    requests: Sequence[str]
    """Whole requests, from which each turn takes one at random."""
    connections: int
    seconds: float
    warm_up_s: float = 0.5
    counted: str = ""
    """What stands in a request for a number as long, which is another in each; digits."""


@dataclass(slots=True)
class Tally:
    """What came back after the warm-up."""

    counts_from: float
    took_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    other: str = ""


class Requests:
    """Gives one at random, with a number of its own where it is to have one."""

    def __init__(self, load: Load) -> None:
        self._all = [each.encode() for each in load.requests]
        self._counted, self._width = load.counted.encode(), len(load.counted)
        self._numbers = count(int(load.counted or 0))

    def one(self) -> bytes:
        """The next to send."""
        request = random.choice(self._all)
        if not self._counted:
            return request
        return request.replace(self._counted, b"%0*d" % (self._width, next(self._numbers)))


class Connection(asyncio.Protocol):
    """One kept connection: sends, waits for the whole answer, sends again."""

    def __init__(self, requests: Requests, tally: Tally, ends: float) -> None:
        self._requests, self._tally, self._ends = requests, tally, ends
        self._transport: Any = None
        self._received = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer; when it is whole, count it and go on."""
        received = self._received = self._received + data if self._received else data
        head = received.find(HEAD_ENDS)
        if head < 0 or len(received) < head + len(HEAD_ENDS) + _length(received[:head]):
            return
        self._received = b""
        self._count(received)
        if time.perf_counter() < self._ends:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The end, expected or not."""
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests.one())

    def _count(self, answer: bytes) -> None:
        now = time.perf_counter()
        if self._sent_at < self._tally.counts_from:
            return
        status = answer[9:12].decode()
        self._tally.statuses[status] += 1
        self._tally.took_s.append(now - self._sent_at)
        if status[0] != "2" and not self._tally.other:
            self._tally.other = answer[:500].decode(errors="replace")


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(LENGTH)
    if at < 0:
        raise ValueError(f"an answer without a length cannot be counted: {head[:200]!r}")
    end = lower.find(b"\r\n", at)
    return int(lower[at + len(LENGTH) : end if end >= 0 else None])


async def generate(load: Load) -> dict[str, Any]:
    """Make the load; requests per second, percentiles in milliseconds, and what failed."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter() + load.warm_up_s
    ends = began + load.seconds
    tally, requests = Tally(began), Requests(load)
    opened = [
        await loop.create_connection(
            lambda: Connection(requests, tally, ends), "127.0.0.1", load.port
        )
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    good = sum(count for status, count in tally.statuses.items() if status[0] == "2")
    told = {f"{name}_ms": it * 1000 for name, it in figures.spread(tally.took_s or [0.0]).items()}
    return {
        "per_s": good / load.seconds,
        **told,
        "failed": sum(tally.statuses.values()) - good,
        "example": tally.other,
        "cpu_share": time.process_time() / (time.perf_counter() - began + load.warm_up_s),
    }


def request(method: str, path: str, headers: dict[str, str], body: str = "") -> str:
    """One whole HTTP/1.1 request."""
    sized = {**headers, "Content-Length": str(len(body.encode()))} if body else headers
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in sized.items()]
    return "\r\n".join(lines) + "\r\n\r\n" + body


async def run(load: Load) -> dict[str, Any]:
    """Load from a process of its own; raises LoadFailed when any answer was not a good one."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load_generator",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await child.communicate(json.dumps(asdict(load)).encode())
    if child.returncode:
        raise LoadFailed(f"the load generator ended with {child.returncode}")
    measured = dict(next(filter(None, map(protocol.parse, output.splitlines()))))
    if measured["failed"] or not measured["per_s"]:
        raise LoadFailed(f"{measured['failed']} requests failed, such as: {measured['example']}")
    return measured


class LoadFailed(RuntimeError):
    """What was measured is not what was meant."""


if __name__ == "__main__":
    protocol.tell(**uvloop.run(generate(Load(**json.loads(sys.stdin.read())))))
