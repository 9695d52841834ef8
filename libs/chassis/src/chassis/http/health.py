"""Whether this process lives and can do its work: the truth about database, broker and queues."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
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

CHECK_EVERY_S = 5.0
CANARY_EVERY_S = 15.0
UNHEALTHY_EXIT_S = 60.0

Looks = Mapping[str, Callable[[], str | None]]
"""What else a service depends on: each says what is wrong with it, or None."""

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)


class BrokerHealth:
    """Looks at the broker's own count of consumers and sends a canary through each queue.

    A connection that says it is open proves nothing; a canary that came back does.
    """

    def __init__(self, consuming: Consuming | None, publisher: Publisher) -> None:
        """Watch the queues of these consumers through this publisher's connection."""
        self._consuming, self._publisher = consuming, publisher
        self.faults: dict[str, str] = {"broker": "not looked at yet"}
        self._bad_since: float | None = None

    async def forever(self) -> None:
        """Look again and again; a process deaf for too long ends, and is started again."""
        last_canary = 0.0
        while True:
            try:
                async with asyncio.timeout(CHECK_EVERY_S):
                    if time.monotonic() - last_canary >= CANARY_EVERY_S:
                        await self._send_canaries()
                        last_canary = time.monotonic()
                    self.faults = await self._look()
            except BROKEN as error:
                self.faults = {"broker": f"{type(error).__name__}: {error}"[:200]}
                self._bad_since = None
            self._end_if_deaf()
            await asyncio.sleep(CHECK_EVERY_S if not self.faults else 1.0)

    async def _look(self) -> dict[str, str]:
        if self._consuming is None:
            await self._publisher.channel()
            return {}
        channel = await self._publisher.channel()
        faults = {}
        for queue in self._consuming.consumers.routes:
            declared = await channel.declare_queue(queue, passive=True)
            if not declared.declaration_result.consumer_count:
                faults[queue] = "the broker sees no consumer"
        return faults

    async def _send_canaries(self) -> None:
        if self._consuming is None:
            return
        for queue in self._consuming.consumers.routes:
            canary = aio_pika.Message(b"{}", type=CANARY, expiration=10)
            await self._publisher.publish("holdfast.wait.1s", queue, canary)

    def _end_if_deaf(self) -> None:
        if not self.faults or "broker" in self.faults:
            self._bad_since = None
            return
        self._bad_since = self._bad_since or time.monotonic()
        if time.monotonic() - self._bad_since > UNHEALTHY_EXIT_S:
            log.critical("health.deaf", faults=self.faults, next_step="the supervisor restarts me")
            os._exit(71)

    def canaries_late(self) -> list[str]:
        """Queues whose last canary came back too long ago."""
        if self._consuming is None:
            return []
        now = asyncio.get_running_loop().time()
        return [q for q, at in self._consuming.canary_seen.items() if now - at > 60]


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
    faults |= {queue: "canary late" for queue in _late(request)}
    if request.app.state.open_files.fault:
        faults["open_files"] = request.app.state.open_files.fault
    looks: Looks = getattr(request.app.state, "readiness", {})
    faults |= {name: fault for name, look in looks.items() if (fault := look()) is not None}
    for name, task in request.app.state.tasks.items():
        if task.done():
            faults[name] = "the background task ended"
    status = 503 if faults else 200
    return JSONResponse({"status": "degraded" if faults else "ready", "faults": faults}, status)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _None:
    faults: dict[str, str] = {}  # noqa: RUF012


_NONE: Any = _None()


def _late(request: Request) -> list[str]:
    health = getattr(request.app.state, "broker_health", None)
    return health.canaries_late() if health is not None else []
