"""Drives verification from outside: REST with real tokens, and events over a real broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
import httpx
from chassis.clock import Clock
from chassis.messaging.consumers import Consumers
from chassis.principals import Principal
from chassis.storage.database import Database
from chassis_builders import EveryService, consuming, until
from chassis_client import (
    SERVICES,
    RestClient,
    admitting,
    api_settings,
    client_of,
    joined,
    secret_of,
)
from contracts_schema.events.identity import AccountLinked, Tier
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import new_id, uuid7
from contracts_schema.message import Event
from verification.adapters.game_ownership import Roblox
from verification.app import create_app
from verification.consumers import register
from verification.settings import Settings
from verification_builders import PLAIN, asking

SECRET = secret_of("listings")
CALLERS = admitting(*SERVICES)


def a_person(tier: Tier = Tier.TIER_1, **more: Any) -> Principal:
    """Somebody who asks."""
    return Principal(new_id("usr"), tier, **more)


def with_roblox(person: Principal, roblox_user_id: int) -> list[Event]:
    """What identity tells of a person, and of their account at Roblox."""
    account = {"provider": "roblox", "provider_user_id": str(roblox_user_id)}
    return [*joined(person), AccountLinked(user_id=person.user_id, **account)]


class Client(RestClient):
    """The service's HTTP side, with the way in for other services."""

    async def ask_as_service(self, body: Any, secret: str = SECRET) -> httpx.Response:
        """Ask as another service does."""
        headers = {"X-Service-Secret": secret}
        return await self.client.post("/internal/verifications", json=body, headers=headers)


@asynccontextmanager
async def serving(database_url: str, clock: Clock, games: Roblox) -> AsyncIterator[Client]:
    """The service as ROLE=api, with its own pool, and the tests' clock, key and Roblox."""
    app = create_app(Settings(**api_settings(database_url), service_callers=CALLERS))
    async with client_of(app, clock) as client:
        app.state.asking = asking(games)
        yield Client(client, clock)


@dataclass(slots=True)
class Others:
    """The other services, which tell events."""

    db: Database
    services: EveryService

    async def tell(
        self, event: Event, message_id: str = "", *, sequence: int = 0, **more: Any
    ) -> str:
        """Publish an event, with other values than it may have if they are given; its id."""
        sent_as = message_id or str(uuid7())
        told = event.model_copy(update=more)
        message = aio_pika.Message(
            told.model_dump_json().encode(),
            message_id=sent_as,
            type=event.topic,
            headers={"sequence": sequence},
        )
        await self.services.publish("holdfast.events", event.topic, message)
        return sent_as

    async def applied(self, *message_ids: str) -> None:
        """Wait until these messages were applied."""
        sql = "SELECT count(*) FROM inbox WHERE message_id = ANY($1::uuid[])"

        async def done() -> bool:
            return bool(await self.db.value(sql, list(message_ids)) == len(set(message_ids)))

        await until(done)

    async def told(self, *events: Event) -> None:
        """Publish these events, one after the other, each when the one before was applied."""
        for event in events:
            await self.applied(await self.tell(event))


@asynccontextmanager
async def listening(db: Database, broker: Any) -> AsyncIterator[Others]:
    """The service's consumers on this broker."""
    services = EveryService(broker)
    async with httpx.AsyncClient(verify=PLAIN) as http:
        providers = {DEFAULT_KIND: Roblox("http://{host}.test", http, db.clock)}
        registered = register(Consumers("verification"), providers)
        async with consuming(registered, db, broker.url("verification")):
            yield Others(db, services)
    await services.close()
