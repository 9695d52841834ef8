"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.timers import Timers
from fastapi import FastAPI

from escrow import api, consumers, jobs
from escrow.adapters.rails import rails_of
from escrow.handlers import proposal
from escrow.pages import landing
from escrow.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    rails = rails_of(settings)

    @asynccontextmanager
    async def opened(_: Database) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for rail in rails.values():
                await rail.close()

    parts = Parts(
        name="escrow",
        routers=(landing.router, *api.ROUTERS),
        consumers=consumers.register(Consumers("escrow"), rails),
        timers=jobs.register(Timers(), rails, timedelta(seconds=settings.ledger_check_every_s)),
        rules=api.RULES,
        state={"rails": rails, "proposals": proposal.KINDS},
        enter=[opened],
    )
    return create(settings, parts)
