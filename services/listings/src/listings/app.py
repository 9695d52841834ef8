"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer, Timers
from fastapi import FastAPI

from listings import consumers, pages
from listings.api import catalogue, negotiation, rules
from listings.clients import VerificationClient
from listings.handlers import offers
from listings.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    check = VerificationClient(
        settings.verification_url, settings.service_secret.get_secret_value()
    )
    wishes = consumers.Wishes(check)

    @asynccontextmanager
    async def opened(_: Database) -> AsyncIterator[None]:
        yield
        await check.close()

    parts = Parts(
        name="listings",
        routers=[catalogue.router, negotiation.router],
        consumers=consumers.register(Consumers("listings"), wishes),
        timers=timers(),
        rules=rules.RULES,
        state={"ownership_check": check},
        enter=[opened],
    )
    return create(settings, parts)


def timers() -> Timers:
    """What is done when it is due."""
    due = Timers()

    @due.on(offers.EXPIRY)
    async def expire(tx: Transaction, timer: Timer) -> None:
        await offers.expire(tx, timer.subject_id)

    @due.on(pages.DRAFT_EXPIRY)
    async def forget(tx: Transaction, timer: Timer) -> None:
        await pages.expire_draft(tx, timer.subject_id)

    return due
