"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from chassis.clock import Clock
from chassis.http import outside
from chassis.http.auth import Authenticator
from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from chassis.storage.database import Database
from chassis.storage.timers import Timers
from fastapi import FastAPI

from identity import api, consumers, jobs
from identity.adapters import discord, roblox
from identity.adapters.token_issuer import token_issuer
from identity.domain.terms import TermsOfService
from identity.domain.user import Joining
from identity.handlers import proposal
from identity.settings import Settings
from identity.texts import terms_of_service

NAME = "identity"


def create_app(settings: Settings, terms: TermsOfService | None = None) -> FastAPI:
    """Build the service from its settings; nothing connects before it starts.

    ``terms`` are those that ship with it where no others are given.
    """
    joining = Joining(terms or terms_of_service(), settings.bootstrap_admins)
    issuer = token_issuer(settings.signing_key.get_secret_value(), settings.public_base_url)
    parts = Parts(
        NAME,
        routers=api.ROUTERS,
        consumers=consumers.register(Consumers(NAME), joining),
        timers=jobs.register(Timers()),
        rules=api.RULES,
        state={"token_issuer": issuer, "joining": joining, "proposals": proposal.KINDS},
        enter=[lambda database: _outside(app, settings, database)],
    )
    app = create(settings, parts)
    return app


@asynccontextmanager
async def _outside(app: FastAPI, settings: Settings, database: Database) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=10)
    async with outside.client(limits=limits) as http:
        app.state.roblox = roblox.provider(settings, http)
        app.state.discord = discord.provider(settings, http)
        app.state.authenticator = own_authenticator(app, settings, database.clock)
        yield
        await app.state.authenticator.close()


def own_authenticator(app: FastAPI, settings: Settings, clock: Clock) -> Authenticator:
    """The check of tokens that every service makes, here without a socket."""
    transport = httpx.ASGITransport(app)
    return Authenticator(
        "http://identity",
        settings.public_base_url,
        clock,
        transport,
        service_secret=settings.service_secret.get_secret_value(),
    )
