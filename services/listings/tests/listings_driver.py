"""Drives listings from outside: REST with real tokens, and commands over a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from chassis.clock import Clock
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.principals import Principal
from chassis.quotas import Quotas
from chassis.storage.database import Database
from chassis_builders import EveryService
from chassis_client import RestClient, api_settings, client_of, discord_id
from contracts_schema.ids import derive_uuid, uuid7
from contracts_schema.message import Command, Event
from faststream.rabbit import RabbitBroker
from listings.api.problems import RULES
from listings.app import create_app
from listings.consumers import register
from listings.domain.asset import AssetName
from listings.domain.offer import DEFAULT_CAPS
from listings.settings import Settings


@dataclass(slots=True)
class FakeRoblox:
    """Says who owns a game, as it is told to; it keeps who asked."""

    refusal: Exception | None = None
    takes_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def still_owns(self, user_id: str, asset: AssetName, deal_id: str) -> str:
        """The hash of a snapshot, or the refusal."""
        self.asked.append(deal_id)
        await asyncio.sleep(self.takes_s)
        if self.refusal is not None:
            raise self.refusal
        return "c" * 64


@dataclass(slots=True)
class Client(RestClient):
    """The service's HTTP side, and the Roblox that it asks."""

    roblox: FakeRoblox


@asynccontextmanager
async def serving(database_url: str, clock: Clock, **changed: Any) -> AsyncIterator[Client]:
    """The service as ROLE=api, with its own pool, the tests' clock, key and Roblox."""
    settings = Settings(
        **(api_settings(database_url) | changed),
        verification_url="http://127.0.0.1:1",
    )
    app = create_app(settings)
    async with client_of(app, clock) as client:
        roblox = app.state.ownership_check = FakeRoblox()
        yield Client(client, clock, roblox)


@dataclass(slots=True)
class Discord:
    """Sends commands as discord-gateway does, and events as others do."""

    db: Database
    gateway: Publisher
    others: EveryService
    roblox: FakeRoblox

    async def send(
        self,
        name: str,
        command: type[Command],
        who: Principal,
        guild_id: str | None = None,
        **payload: Any,
    ) -> str:
        """Send the command whose id this name gives; the id."""
        actor = {"discord_user_id": discord_id(who), "guild_id": guild_id, "channel_id": "7"}
        message_id = str(derive_uuid(name))
        body = {"actor": actor, "payload": payload}
        await self._publish(self.gateway, "commands", command.topic, message_id, json.dumps(body))
        return message_id

    async def tell(self, event: Event, message_id: str = "") -> None:
        """Publish an event of another service."""
        sent_as = message_id or str(uuid7())
        await self._publish(self.others, "events", event.topic, sent_as, event.model_dump_json())

    async def heard(self, count: int) -> None:
        """Wait until so many messages were applied."""
        async with asyncio.timeout(15):
            while await self.db.value("SELECT count(*) FROM inbox") < count:
                await asyncio.sleep(0.02)

    async def refusals(self) -> list[dict[str, Any]]:
        """The refusals that were promised to be published."""
        topic = "listings.command_rejected.v1"
        rows = await self.db.rows("SELECT body FROM outbox WHERE topic = $1", topic)
        return [json.loads(row["body"]) for row in rows]

    @staticmethod
    async def _publish(
        publisher: Publisher | EveryService, exchange: str, topic: str, message_id: str, body: str
    ) -> None:
        message = aio_pika.Message(body.encode(), message_id=message_id, type=topic)
        await publisher.publish(f"holdfast.{exchange}", topic, message)


@asynccontextmanager
async def listening(
    db: Database, broker: Any, quotas: Quotas | None = None
) -> AsyncIterator[Discord]:
    """The service's consumers on this broker."""
    own = Publisher(broker.url("listings"), "listings")
    gateway = Publisher(broker.url("discord-gateway"), "discord-gateway")
    others = EveryService(broker)
    roblox = FakeRoblox()
    consumers = register(Consumers("listings"), roblox, DEFAULT_CAPS)
    consuming = Consuming(consumers, db, own, RULES, quotas)
    connection = RabbitBroker(broker.url("listings"), apply_types=False, logger=None)
    consuming.attach(connection, 10)
    await connection.start()
    yield Discord(db, gateway, others, roblox)
    await connection.stop()
    for publisher in (own, gateway, others):
        await publisher.close()
