"""Whether this process lives and can do its work: the truth about database, broker and queues."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import aio_pika
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.messaging.consumers import CANARY
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import BROKEN, Publisher
from chassis.storage.database import Database
from chassis.storage.leases import Lease

CHECK_EVERY_S = 5.0
CANARY_EVERY_S = 15.0
SILENT_S = 60.0
"""Meanwhile four canaries of each process go through a queue, and the broker deals them in turn."""
UNHEALTHY_EXIT_S = 60.0

Looks = Mapping[str, Callable[[], str | None]]
"""What else a service depends on: each says what is wrong with it, or None."""

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)


class BrokerHealth:
    """Looks at the broker's own count of consumers and sends a canary through each queue.

    A connection that says it is open proves nothing; a message that came does. It need not be this
    process's own canary: the broker gives each to one of those who consume, in turn.
    """

    def __init__(
        self,
        consuming: Consuming | None,
        publisher: Publisher,
        consumes: Callable[[], bool] = lambda: True,
        canary_every_s: float = CANARY_EVERY_S,
        silent_s: float = SILENT_S,
    ) -> None:
        """Watch the queues of these consumers, while they are said to consume."""
        self._consuming, self._publisher, self._consumes = consuming, publisher, consumes
        self._canary_every_s, self._silent_s = canary_every_s, silent_s
        self.faults: dict[str, str] = {"broker": "not looked at yet"}
        self._bad_since: float | None = None
        self._listening_since: float | None = None

    async def forever(self) -> None:
        """Look again and again; a process deaf for too long ends, and is started again."""
        last_canary = 0.0
        while True:
            try:
                async with asyncio.timeout(CHECK_EVERY_S):
                    if time.monotonic() - last_canary >= self._canary_every_s:
                        await self._send_canaries()
                        last_canary = time.monotonic()
                    self.faults = await self._look()
            except BROKEN as error:
                self.faults = {"broker": f"{type(error).__name__}: {error}"[:200]}
                self._bad_since = self._listening_since = None
                last_canary = 0.0
            self._end_if_deaf()
            await asyncio.sleep(
                min(self._canary_every_s, CHECK_EVERY_S if not self.faults else 1.0)
            )

    @property
    def _queues(self) -> Collection[str]:
        """The queues that this process consumes now."""
        if self._consuming is None or not self._consumes():
            return ()
        return self._consuming.consumers.routes

    async def _look(self) -> dict[str, str]:
        channel, faults = await self._publisher.channel(), {}
        for queue in self._queues:
            declared = await channel.declare_queue(queue, passive=True)
            if not declared.declaration_result.consumer_count:
                faults[queue] = "the broker sees no consumer"
        return faults

    async def _send_canaries(self) -> None:
        for queue in self._queues:
            canary = aio_pika.Message(b"{}", type=CANARY, expiration=10)
            await self._publisher.publish("holdfast.wait.1s", queue, canary)
            if self._listening_since is None:
                self._listening_since = asyncio.get_running_loop().time()

    def _end_if_deaf(self) -> None:
        if not self.faults or "broker" in self.faults:
            self._bad_since = None
            return
        self._bad_since = self._bad_since or time.monotonic()
        if time.monotonic() - self._bad_since > UNHEALTHY_EXIT_S:
            log.critical("health.deaf", faults=self.faults, next_step="the supervisor restarts me")
            os._exit(71)

    def silent(self) -> list[str]:
        """Queues from which nothing has come here for too long, though canaries were sent."""
        if self._consuming is None or self._listening_since is None:
            return []
        long_ago = asyncio.get_running_loop().time() - self._silent_s
        heard, since = self._consuming.heard, self._listening_since
        return [queue for queue in self._queues if max(heard.get(queue, since), since) < long_ago]


@router.get("/live")
async def live() -> Response:
    """The process answers."""
    return JSONResponse({"status": "live"})


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Whether work can be done now: 503 with the reason when not."""
    faults: dict[str, str] = {}
    database: Database = request.app.state.database
    try:
        async with asyncio.timeout(2):
            await database.value("SELECT 1")
    except Exception as error:
        faults["database"] = f"{type(error).__name__}: {error}"[:200]
    faults |= getattr(request.app.state, "broker_health", _NONE).faults
    faults |= {queue: "canary late" for queue in _silent(request)}
    if request.app.state.open_files.fault:
        faults["open_files"] = request.app.state.open_files.fault
    looks: Looks = getattr(request.app.state, "readiness", {})
    faults |= {name: fault for name, look in looks.items() if (fault := look()) is not None}
    for name, task in request.app.state.tasks.items():
        if task.done():
            faults[name] = "the background task ended"
    word = "degraded" if faults else "standby" if _stands_by(request) else "ready"
    return JSONResponse({"status": word, "faults": faults}, 503 if faults else 200)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _None:
    faults: dict[str, str] = {}  # noqa: RUF012


_NONE: Any = _None()


def _silent(request: Request) -> list[str]:
    watch = getattr(request.app.state, "broker_health", None)
    return watch.silent() if watch is not None else []


def _stands_by(request: Request) -> bool:
    lease: Lease | None = getattr(request.app.state, "lease", None)
    return lease is not None and lease.is_elsewhere
