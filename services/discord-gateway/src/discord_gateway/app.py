"""Composition root: the only file that knows all the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog
from chassis.messaging.consumers import Away, Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from contracts_schema.commands.discord import Deliver
from contracts_schema.message import DiscordActor
from fastapi import FastAPI

from discord_gateway import consumers, store
from discord_gateway.cards import Buttons
from discord_gateway.clients import TIMEOUT_S, Owners
from discord_gateway.custom_ids import CustomIds
from discord_gateway.deliveries import Deliveries, Order
from discord_gateway.intake import Desk
from discord_gateway.session import Session
from discord_gateway.settings import Settings

FORGET_EVERY_S = 60.0

log = structlog.get_logger(__name__)


class Gateway:
    """The parts that live as long as the service."""

    def __init__(self, settings: Settings) -> None:
        """Build what needs no connection."""
        self._settings = settings
        custom_ids = CustomIds(settings.custom_id_secret.get_secret_value())
        self._custom_ids, self._buttons = custom_ids, Buttons(custom_ids)
        self.session = Session(settings)
        self._owners: Owners | None = None
        self._deliveries: Deliveries | None = None

    @asynccontextmanager
    async def open(self, database: Database) -> AsyncIterator[None]:
        """Reach the owners, and be ready to show cards."""
        secret = self._settings.service_secret.get_secret_value()
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            self._owners = Owners(self._settings.owners, secret, http)
            self._deliveries = Deliveries(database, self.session, self._owners, self._buttons)
            yield

    async def converse(self, database: Database) -> None:
        """Hold the session with Discord."""
        if self._owners is None:
            raise RuntimeError("the gateway converses only while it is open")
        desk = Desk(
            database, self._owners, self._custom_ids, self._buttons, self._settings.terms_version
        )
        await self.session.forever(desk)

    @asynccontextmanager
    async def show(
        self, _: Database, reader: DiscordActor, command: Deliver
    ) -> AsyncIterator[store.Shown]:
        """Show a card; what became of it is remembered before the next one for its place."""
        if self._deliveries is None:
            raise Away("the service is not open yet")
        order = Order(command, reader.discord_user_id, reader.locale)
        async with self._deliveries.show(order) as shown:
            yield shown


async def _forget(database: Database) -> None:
    while True:
        try:
            await store.forget(database)
        except Exception as error:
            log.warning("forget.waits", error=f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(FORGET_EVERY_S)


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    gateway = Gateway(settings)
    parts = Parts(
        name="discord-gateway",
        consumers=consumers.register(Consumers("discord-gateway"), gateway.show),
        state={"readiness": {"discord": lambda: gateway.session.fault}, "gateway": gateway},
        enter=[gateway.open],
        background=[gateway.converse, _forget],
    )
    return create(settings, parts)
