"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import MappingProxyType

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.timers import Timers
from contracts_schema.terms import Rail
from fastapi import FastAPI

from escrow import api, consumers, jobs
from escrow.consumers import Wishes
from escrow.pages import Pages
from escrow.rails.stripe import StripeRail
from escrow.settings import Settings

ADAPTERS: Mapping[Rail, Callable[[Settings], StripeRail]] = MappingProxyType(
    {Rail.STRIPE: lambda settings: StripeRail(settings.stripe())}
)


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    rails = {rail: _adapter(rail)(settings) for rail in settings.enabled_rails()}
    wishes = Wishes(rails)

    @asynccontextmanager
    async def opened(_: Database) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for rail in rails.values():
                await rail.close()

    parts = Parts(
        name="escrow",
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers("escrow"), rails, wishes),
        timers=jobs.register(Timers(), rails, timedelta(seconds=settings.ledger_check_every_s)),
        rules=api.RULES,
        state={"rails": rails, "pages": Pages()},
        enter=[opened],
    )
    return create(settings, parts)


def _adapter(rail: Rail) -> Callable[[Settings], StripeRail]:
    if rail not in ADAPTERS:
        known = ", ".join(sorted(ADAPTERS))
        raise ValueError(f"HOLDFAST_RAILS names {rail}, for which there is no adapter: {known} are")
    return ADAPTERS[rail]
