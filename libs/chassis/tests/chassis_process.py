"""A small service in a process of its own: what is posted comes back to it through the broker."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

import httpx
from chassis.http.idempotency import IdempotencyKey, once
from chassis.messaging.consumers import Consumers
from chassis.principals import Principal
from chassis.service import Parts, create, run
from chassis.settings import ServiceSettings
from chassis.storage.database import Transaction
from contracts_schema.events.rejected import NotifierCommandRejected, Refusal
from contracts_schema.ids import uuid7
from fastapi import APIRouter, FastAPI, Request, Response

QUEUE = "notifier.events"
SLOW_S = float(os.environ.get("SLOW_S", "0"))
BULK = bool(os.environ.get("BULK"))


def a_note() -> NotifierCommandRejected:
    """An event that notifier may publish and takes itself."""
    refusal = Refusal(code="stale", status=409, title="Conflict", detail="It moved on.")
    return NotifierCommandRejected(
        command_id=uuid7(), command="notes.take", discord_user_id="1", problem=refusal
    )


def some_consumers() -> Consumers:
    """Writes each note into the audit log, slowly or many at once if wanted."""
    consumers = Consumers("notifier")

    async def note(transaction: Transaction, event: NotifierCommandRejected) -> None:
        await asyncio.sleep(SLOW_S)
        transaction.audit("noted", str(event.command_id))

    consumers.events(QUEUE, note)
    if BULK:
        consumers.in_bulk(QUEUE)
    return consumers


def create_app(settings: ServiceSettings) -> FastAPI:
    """The service: one route, one queue."""
    router = APIRouter()

    @router.post("/v1/notes")
    async def post(request: Request, key: IdempotencyKey = None) -> Response:
        async def work(transaction: Transaction) -> tuple[int, dict[str, str]]:
            note = a_note()
            transaction.stage(note)
            transaction.audit("posted", str(note.command_id))
            return 201, {"id": str(note.command_id)}

        return await once(request, Principal("usr_1"), key, work)

    return create(settings, Parts("notifier", [router], some_consumers()))


@asynccontextmanager
async def process(
    environment: dict[str, str], most_files: int | None = None, log: IO[bytes] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service in a process; what still runs at the end of the block is killed."""

    def limit() -> None:
        if most_files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))

    started = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        env={
            **os.environ,
            "HOLDFAST_CURSOR_SECRET": "secret",
            "HOLDFAST_SERVICE_SECRET": "s" * 32,
            **environment,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log,
        preexec_fn=limit,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGKILL)
        await started.wait()


async def is_live(client: httpx.AsyncClient) -> bool:
    """Whether the process answers yet."""
    try:
        return (await client.get("/live")).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    run("notifier", ServiceSettings(), create_app)  # type: ignore[call-arg]
