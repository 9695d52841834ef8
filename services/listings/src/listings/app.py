"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from fastapi import FastAPI

from listings import api, consumers, jobs
from listings.adapters.verification import VerificationClient
from listings.api.problems import RULES
from listings.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    check = VerificationClient(
        settings.verification_url, settings.service_secret.get_secret_value()
    )

    @asynccontextmanager
    async def opened(_: Database) -> AsyncIterator[None]:
        yield
        await check.close()

    parts = Parts(
        name="listings",
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers("listings"), check, settings.caps),
        timers=jobs.timers(),
        rules=RULES,
        state={"ownership_check": check, "caps": settings.caps},
        enter=[opened],
    )
    return create(settings, parts)
