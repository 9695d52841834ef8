"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from chassis import clock
from chassis.http import outside
from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from fastapi import FastAPI

from verification import adapters, api, consumers, jobs
from verification.api.problems import RULES
from verification.handlers.verification import Asking
from verification.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    http = outside.client()
    providers = adapters.providers(settings, http, clock.from_settings(settings))
    asking = Asking(providers, timedelta(seconds=settings.ownership_cache_s))

    @asynccontextmanager
    async def closing(_: Database) -> AsyncIterator[None]:
        yield
        await http.aclose()

    parts = Parts(
        name="verification",
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers("verification"), providers),
        timers=jobs.timers(asking),
        rules=RULES,
        state={"asking": asking},
        enter=[closing],
    )
    return create(settings, parts)
