"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.timers import Timers
from fastapi import FastAPI

from contracts import api, consumers, jobs
from contracts.archive import Bucket, S3Archive
from contracts.handlers.drafting import Drafting
from contracts.pages import Pages
from contracts.settings import Settings
from contracts.typesetting import Press


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    policy, press = settings.policy(), Press()
    archive = S3Archive(
        Bucket(
            settings.s3_endpoint,
            settings.s3_bucket,
            settings.s3_access_key.get_secret_value(),
            settings.s3_secret_key.get_secret_value(),
            settings.s3_region,
        )
    )

    @asynccontextmanager
    async def closing(database: Database) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await press.close()
            await archive.close()

    parts = Parts(
        name="contracts",
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers("contracts"), policy),
        timers=jobs.register(Timers(), Drafting(archive, press, policy)),
        rules=api.RULES,
        state={"archive": archive, "typesetter": press, "pages": Pages()},
        enter=[closing],
    )
    return create(settings, parts)
