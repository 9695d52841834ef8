"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.leases import Lease
from contracts_schema.commands.discord import Card
from contracts_schema.message import DiscordActor
from fastapi import FastAPI

from discord_gateway import consumers, jobs
from discord_gateway.adapters.discord.cards import AnyButton, Buttons
from discord_gateway.adapters.discord.messages import Messages
from discord_gateway.adapters.discord.session import Session
from discord_gateway.adapters.owners import Owners
from discord_gateway.api import things
from discord_gateway.api.interactions import InteractionContext
from discord_gateway.api.routes import Routes
from discord_gateway.api.verbs import STEPS
from discord_gateway.domain.custom_id import CustomIds
from discord_gateway.handlers.backlog import Backlog
from discord_gateway.handlers.card import Cards
from discord_gateway.handlers.delivery import Deliveries
from discord_gateway.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    custom_ids = CustomIds(settings.custom_id_secret.get_secret_value())
    lease = Lease("discord")
    buttons, session = Buttons(custom_ids), Session(settings, lease)
    owners = Owners(settings.owners, settings.service_secret.get_secret_value())

    async def now(reader: DiscordActor, card: Card) -> tuple[Card, list[AnyButton]]:
        """How the thing stands that the card is about."""
        page = await things.below(owners, reader, card)
        return page.card, things.buttons(buttons, page, reader.locale)

    cards = Cards(Messages(session), owners, buttons, STEPS, now)
    backlog = Backlog(cards)

    async def converse(database: Database) -> None:
        """Hold the session with Discord."""
        context = InteractionContext(database, owners, custom_ids, buttons, STEPS)
        await session.forever(Routes(context))

    def fault() -> str | None:
        """What is wrong with the session, unless another process is to have it."""
        return None if lease.is_elsewhere else session.fault

    @asynccontextmanager
    async def reach_owners(_: Database) -> AsyncIterator[None]:
        async with owners.open():
            yield

    parts = Parts(
        name="discord-gateway",
        consumers=consumers.register(Consumers("discord-gateway"), Deliveries(cards, backlog)),
        state={"readiness": {"discord": fault}, "session": session},
        enter=[reach_owners],
        background=[converse, jobs.forget, backlog.forever],
        lease=lease,
    )
    return create(settings, parts)
