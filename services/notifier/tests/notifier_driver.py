"""The two ways into notifier: what others send over a real broker, and REST."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
from chassis.clock import Clock
from chassis.messaging.consumers import Consumers
from chassis.messaging.publisher import Publisher
from chassis.principals import Principal
from chassis.storage.database import Database
from chassis_builders import EveryService, consuming, until
from chassis_client import RestClient, api_settings, client_of, discord_id, joined
from contracts_schema.events.identity import Tier
from contracts_schema.ids import new_id, uuid7
from contracts_schema.message import Command, Event
from notifier.app import create_app
from notifier.consumers import register
from notifier.settings import Settings


def a_person(**more: Any) -> Principal:
    """Somebody who trades."""
    return Principal(new_id("usr"), Tier.TIER_1, **more)


@dataclass(slots=True)
class Others:
    """The other services: they tell events, and discord-gateway sends commands."""

    db: Database
    services: EveryService
    gateway: Publisher | EveryService

    async def tell(self, event: Event, message_id: str = "", caused_by: str = "") -> str:
        """Publish an event, caused by that command if one is named; the message's id."""
        sent_as = message_id or str(uuid7())
        message = aio_pika.Message(
            event.model_dump_json().encode(),
            message_id=sent_as,
            type=event.topic,
            headers={"causationid": caused_by, "correlationid": "c-7"},
        )
        await self.services.publish("holdfast.events", event.topic, message)
        return sent_as

    async def send(self, command: Command, who: Principal) -> str:
        """Send a person's command as discord-gateway does; its id."""
        sent_as = str(uuid7())
        body = {"actor": {"discord_user_id": discord_id(who)}, "payload": command.model_dump()}
        message = aio_pika.Message(
            json.dumps(body).encode(), message_id=sent_as, type=command.topic
        )
        await self.gateway.publish("holdfast.commands", command.topic, message)
        return sent_as

    async def meet(self, *people: Principal) -> None:
        """Identity tells of these people, and the service has heard it."""
        for told in zip(*map(joined, people), strict=True):
            sent = [await self.tell(event) for event in told]
            for queue in ("notifier.principals", "notifier.events"):
                await self.applied(*sent, queue=queue)
        await self.db.pool.execute("DELETE FROM outbox")
        await self.db.pool.execute("DELETE FROM notifications")

    async def applied(self, *message_ids: str, queue: str = "notifier.events") -> None:
        """Wait until these messages were applied."""

        async def done() -> bool:
            found = await self.db.value(
                "SELECT count(*) FROM inbox WHERE consumer = $1 AND message_id = ANY($2::uuid[])",
                queue,
                list(message_ids),
            )
            return bool(found == len(set(message_ids)))

        await until(done)

    async def told(self, *events: Event) -> None:
        """Publish these events, one after the other, each when the one before was applied."""
        for event in events:
            await self.applied(await self.tell(event))

    async def deliveries(self) -> list[dict[str, Any]]:
        """The commands to discord-gateway that were promised, oldest first."""
        rows = await self.db.rows(
            "SELECT topic, body FROM outbox WHERE exchange = 'holdfast.commands' ORDER BY position"
        )
        assert {row["topic"] for row in rows} <= {"discord.deliver.v1"}
        return [json.loads(row["body"]) for row in rows]

    async def cards(self) -> list[dict[str, Any]]:
        """What these commands say, without who it is for: one for each place."""
        orders = [each["payload"] for each in await self.deliveries()]
        return [order | place for order in orders for place in ({}, *order["also"])]


@asynccontextmanager
async def listening(db: Database, broker: Any) -> AsyncIterator[Others]:
    """The service's consumers on this broker."""
    services = EveryService(broker)
    gateway = Publisher(broker.url("discord-gateway"), "discord-gateway")
    consumers = register(Consumers("notifier"))
    async with consuming(consumers, db, broker.url("notifier")):
        yield Others(db, services, gateway)
    for publisher in (services, gateway):
        await publisher.close()


@asynccontextmanager
async def serving(database_url: str, clock: Clock) -> AsyncIterator[RestClient]:
    """The service as ROLE=api, with its own pool, and the tests' clock and key."""
    async with client_of(create_app(Settings(**api_settings(database_url))), clock) as client:
        yield RestClient(client, clock)
