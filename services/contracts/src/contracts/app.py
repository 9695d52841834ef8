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
from contracts.adapters.identity import IdentityClient
from contracts.adapters.s3 import Bucket, S3Archive
from contracts.adapters.typst import TypstWorker
from contracts.handlers import proposal
from contracts.handlers.draft import Drafting
from contracts.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    policy, typesetter = settings.policy(), TypstWorker(settings.seal.get_secret_value())
    people = IdentityClient(settings.identity_url, settings.service_secret.get_secret_value())
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
            await typesetter.close()
            await archive.close()
            await people.close()

    parts = Parts(
        name="contracts",
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers("contracts"), policy),
        timers=jobs.register(Timers(), Drafting(archive, typesetter, people, policy)),
        rules=api.RULES,
        state={
            "archive": archive,
            "typesetter": typesetter,
            "proposals": proposal.KINDS,
            "seal": settings.seal_key.published,
        },
        enter=[closing],
    )
    return create(settings, parts)
