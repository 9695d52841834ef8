"""One service put together: settings, database, broker, routes, background work, and its end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from faststream.rabbit import RabbitBroker

from chassis import clock, problems, quotas
from chassis.clock import Clock
from chassis.http import health, routes
from chassis.http.application import Application
from chassis.http.lists import Cursors
from chassis.messaging import relay
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import BROKEN, Publisher
from chassis.ops import telemetry
from chassis.ops.open_files import OpenFiles
from chassis.settings import Role, ServiceSettings
from chassis.storage import audit, audit_heads, connections, database, pruning, wakeups
from chassis.storage.database import Database
from chassis.storage.leases import Lease
from chassis.storage.timers import Timers

GRACE_S = 15.0
PRUNE_EVERY_S = 3600.0
STANDS_BY_AGAIN_AFTER_S = 1.0

# Our own middleware makes the span of a request; a second one would only cost time.
OURS_ALONE: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}

Loop = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Parts:
    """What makes one service different from the next."""

    name: str
    routers: Sequence[APIRouter] = ()
    consumers: Consumers | None = None
    timers: Timers | None = None
    rules: problems.Rules = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    """Objects that routes find on ``request.app.state``."""
    enter: Sequence[Callable[[Database], Any]] = ()
    """Async context managers to hold open while the service runs, made from its database."""
    background: Sequence[Callable[[Database], Coroutine[Any, Any, None]]] = ()
    """Further loops to run in the worker."""
    lease: Lease | None = None
    """Only the worker that holds it consumes and runs the further loops; the others stand by."""


def create(settings: ServiceSettings, parts: Parts) -> FastAPI:
    """Build the service; nothing connects before it starts."""
    app = Application(
        parts.name,
        settings.public_base_url,
        telemetry=OURS_ALONE,
        lifespan=lambda app: _running(app, settings, parts),
    )
    app.state.settings, app.state.consumers = settings, parts.consumers
    app.state.quotas = quotas.of(settings)
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    routes.mount(app, (*parts.routers, health.router))
    problems.install(app, parts.rules)
    app.add_middleware(telemetry.TelemetryMiddleware)
    return app


@asynccontextmanager
async def _running(app: FastAPI, settings: ServiceSettings, parts: Parts) -> AsyncIterator[None]:
    now = clock.from_settings(settings)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(_connected(settings, parts.name, now))
        broker_url = settings.broker_url.get_secret_value()
        publisher = Publisher(broker_url, parts.name, settings.public_base_url)
        stack.push_async_callback(publisher.close)
        app.state.database, app.state.clock, app.state.publisher = db, now, publisher
        if parts.routers:
            _authenticate(app, settings, stack)
        app.state.cursors = Cursors(settings.cursor_secret.get_secret_value())
        app.state.tasks, app.state.open_files = {}, OpenFiles()
        for enter in parts.enter:
            await stack.enter_async_context(enter(db))
        if settings.role is Role.API:
            call = partial(wakeups.call_forever, db, settings.database_url.get_secret_value())
            loops = {"wakeups": call, "open_files": app.state.open_files.forever}
            await stack.enter_async_context(_looping(app, loops))
        else:
            await stack.enter_async_context(_working(app, settings, parts, db, publisher))
        yield


@asynccontextmanager
async def _connected(settings: ServiceSettings, name: str, now: Clock) -> AsyncIterator[Database]:
    """The pool; where no pooler stands before the server, the sizes of all are looked at."""
    url, size = settings.database_url.get_secret_value(), settings.pool_size
    if settings.direct_database_url is not None:
        async with database.connect(url, now, name, size) as db:
            yield db
        return
    async with database.connect(url, now, name, size, connections.name_of(name, size)) as db:
        if (all_of_them := await connections.promised(db)).is_too_much:
            log.error(
                "database.too_many_connections_promised",
                promised=all_of_them.promised,
                admitted=all_of_them.admitted,
                next_step="lower HOLDFAST_POOL_SIZE, raise max_connections, or use PgBouncer",
            )
        yield db


def _authenticate(app: FastAPI, settings: ServiceSettings, stack: AsyncExitStack) -> None:
    """Check logins; who has no routes has no logins, and keeps 10 MB of cryptography out."""
    from chassis.http.auth import Authenticator  # noqa: PLC0415

    secret, now = settings.service_secret.get_secret_value(), app.state.clock
    checks = Authenticator(
        settings.identity_url, settings.public_base_url, now, service_secret=secret
    )
    stack.push_async_callback(checks.close)
    app.state.authenticator = checks


@asynccontextmanager
async def _working(
    app: FastAPI, settings: ServiceSettings, parts: Parts, db: Database, publisher: Publisher
) -> AsyncIterator[None]:
    consuming = None
    if parts.consumers is not None:
        consuming = Consuming(parts.consumers, db, publisher, parts.rules, app.state.quotas)
    app.state.lease, app.state.relay = parts.lease, relay.Relay(db, publisher)
    begun = asyncio.Event()
    watch = health.BrokerHealth(consuming, publisher, begun.is_set)
    app.state.broker_health = watch
    await audit_heads.begin(db)
    loops = _loops(app, parts, db) | {"health": watch.forever}
    if settings.role is Role.WORKER:
        loops["wakeups"] = partial(wakeups.listen_forever, db, settings.listening_url)
    async with _looping(app, loops), AsyncExitStack() as stack:
        if parts.lease is None:
            await stack.enter_async_context(_consuming(settings, parts, consuming, begun))
        else:
            consume = partial(_consuming, settings, parts, consuming, begun)
            turn = _in_turn(parts.lease, parts, db, consume)
            app.state.tasks["lease"] = await stack.enter_async_context(_task(turn))
        yield


@asynccontextmanager
async def _consuming(
    settings: ServiceSettings, parts: Parts, consuming: Consuming | None, begun: asyncio.Event
) -> AsyncIterator[None]:
    """Take messages while the block runs, and let those under way end."""
    if consuming is None:
        yield
        return
    broker = _broker(settings, parts.name)
    consuming.attach(broker, settings.prefetch)
    await broker.start()
    begun.set()
    try:
        yield
    finally:
        begun.clear()
        await _stop(broker)


async def _in_turn(
    lease: Lease,
    parts: Parts,
    db: Database,
    consume: Callable[[], AbstractAsyncContextManager[None]],
) -> None:
    """Stand by until the lease is ours, do what only its holder does, and stand by again."""
    while True:
        try:
            await lease.take(db)
            async with asyncio.TaskGroup() as group:
                group.create_task(lease.keep())
                for loop in parts.background:
                    group.create_task(loop(db))
                async with consume():
                    await asyncio.Event().wait()  # until told to stop, or until a loop fails
        except Exception as error:
            log.exception("lease.left", error=str(error)[:300])
        finally:
            await lease.give_back()
        await asyncio.sleep(STANDS_BY_AGAIN_AFTER_S)


@asynccontextmanager
async def _task(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run it while the block runs; its end is waited for."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _broker(settings: ServiceSettings, name: str) -> RabbitBroker:
    return RabbitBroker(
        settings.broker_url.get_secret_value(),
        apply_types=False,
        logger=None,
        reconnect_interval=2.0,
        graceful_timeout=GRACE_S,
        client_properties=cast(Any, {"connection_name": f"{name}.consumers"}),
    )


async def _stop(broker: RabbitBroker) -> None:
    """Take no more messages and let those under way end; a broker that is away takes them back."""
    try:
        await broker.stop()
    except* BROKEN as group:
        log.info("consumers.left_messages", error=str(group.exceptions[0])[:200])


def _loops(app: FastAPI, parts: Parts, db: Database) -> dict[str, Loop]:
    loops: dict[str, Loop] = {
        "relay": app.state.relay.forever,
        "audit": partial(audit.forever, db),
        "prune": partial(_prune, db),
        "open_files": app.state.open_files.forever,
        "timers": partial(audit_heads.register(parts.timers).forever, db),
    }
    for position, loop in enumerate(parts.background if parts.lease is None else ()):
        loops[f"background.{position}"] = partial(loop, db)
    return loops


@asynccontextmanager
async def _looping(app: FastAPI, loops: Mapping[str, Loop]) -> AsyncIterator[None]:
    """Run the loops while the block runs; /ready tells of one that ended by itself."""
    tasks = {name: asyncio.ensure_future(loop()) for name, loop in loops.items()}
    app.state.tasks = tasks
    try:
        yield
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _prune(db: Database) -> None:
    while True:
        await asyncio.sleep(PRUNE_EVERY_S)
        try:
            log.info("pruned", rows=await pruning.prune(db))
        except Exception as error:
            log.warning("prune.waits", error=str(error)[:200])


def run(name: str, settings: ServiceSettings, build: Callable[[Any], FastAPI]) -> None:
    """Serve until told to stop; SIGTERM lets what is under way end first."""
    telemetry.set_up(name, settings)
    app = build(settings)
    # What importing made lives as long as the process: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    gc.enable()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        forwarded_allow_ips=settings.proxies,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=int(GRACE_S),
        log_config=None,
    )
