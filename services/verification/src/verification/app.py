"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
from chassis import clock
from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.timers import Timer, Timers
from fastapi import FastAPI

from verification import api, consumers, handlers, watching
from verification.ports import Games
from verification.roblox import Roblox
from verification.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    http = httpx.AsyncClient(follow_redirects=False)
    games = Roblox(settings.roblox_api_base, http, clock.from_settings(settings))

    @asynccontextmanager
    async def closing(database: Database) -> AsyncIterator[None]:
        yield
        await http.aclose()

    parts = Parts(
        name="verification",
        routers=[api.router],
        consumers=consumers.register(Consumers("verification")),
        timers=timers(games, timedelta(seconds=settings.ownership_cache_s)),
        rules=api.rules,
        state={"games": games},
        enter=[closing],
    )
    return create(settings, parts)


def timers(games: Games, cache: timedelta) -> Timers:
    """What is done when it is due."""
    due = Timers()

    @due.job("verification.answer")
    async def answer(database: Database, timer: Timer) -> None:
        work = handlers.answer_due(database, games, timer.subject_id, timer.attempts, cache)
        await handlers.patiently(database, timer, work)

    @due.job(watching.LOOK)
    async def look(database: Database, timer: Timer) -> None:
        work = watching.look(database, games, timer.subject_id)
        await handlers.patiently(database, timer, work)

    return due
