"""The two doors of listings: REST with real tokens, and commands over a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import httpx
from chassis import principals
from chassis.auth import ALGORITHM, AUDIENCE, TOKEN_TYPE, Authenticator
from chassis.clock import Clock
from chassis.consumer import Consumers, Consuming
from chassis.database import Database
from chassis.principals import Principal
from chassis.publisher import Publisher
from chassis.settings import Role
from contracts_schema.events.identity import Tier, TierChanged, UserRegistered, UserSuspended
from contracts_schema.ids import derive_uuid, uuid7
from contracts_schema.message import Command, Event
from faststream.rabbit import RabbitBroker
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from listings.api.rules import RULES
from listings.app import create_app
from listings.consumers import Wishes, register
from listings.settings import Settings

ISSUER = "http://holdfast.test"
KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})


@dataclass(slots=True)
class FakeRoblox:
    """Says who owns a game, as it is told to; it keeps who asked."""

    refusal: Exception | None = None
    takes_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def still_owns(self, user_id: str, asset_id: str, deal_id: str) -> str:
        """The hash of a snapshot, or the refusal."""
        self.asked.append(deal_id)
        await asyncio.sleep(self.takes_s)
        if self.refusal is not None:
            raise self.refusal
        return "c" * 64


async def known(db: Database, *people: Principal) -> None:
    """Identity's events have told of these people."""
    async with db.transaction() as tx:
        for person in people:
            told: list[Event] = [
                UserRegistered(user_id=person.user_id, discord_id=discord_id(person)),
                TierChanged(user_id=person.user_id, tier=person.tier, previous=Tier.TIER_0),
            ]
            if person.suspended:
                told.append(UserSuspended(user_id=person.user_id))
            for event in told:
                await principals.project(tx, event)


def discord_id(person: Principal) -> str:
    """The Discord account of this person."""
    return str(derive_uuid(person.user_id).int % 10**18)


def token(person: Principal, clock: Clock) -> str:
    """An access token as identity issues it."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": person.user_id, "sid": "ses_1",
        "jti": str(uuid7()), "tier": "TIER_1", "role": "USER", "iat": now, "exp": now + 900,
    }  # fmt: skip
    return jwt.encode(
        {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": "test"}, claims, KEY, [ALGORITHM]
    )


def _keys(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))


@dataclass(slots=True)
class Rest:
    """A client of the service's HTTP side."""

    client: httpx.AsyncClient
    clock: Clock
    roblox: FakeRoblox

    async def ask(
        self,
        method: str,
        path: str,
        who: Principal | None = None,
        body: Any = None,
        **headers: str,
    ) -> httpx.Response:
        """Send one request as this person, or as nobody; ``if_match`` is sent as If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            sent["Authorization"] = f"Bearer {token(who, self.clock)}"
        return await self.client.request(method, path, headers=sent, json=body)


@asynccontextmanager
async def serving(database_url: str, clock: Clock) -> AsyncIterator[Rest]:
    """The service as ROLE=api, with its own pool, the tests' clock, key and Roblox."""
    settings = Settings(
        database_url=database_url,
        broker_url="amqp://127.0.0.1:1/",
        cursor_secret="c" * 32,
        role=Role.API,
        public_base_url=ISSUER,
        service_secret="s" * 32,
        verification_url="http://127.0.0.1:1",
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        app.state.database.clock = app.state.clock = clock
        identity = httpx.MockTransport(_keys)
        app.state.authenticator = Authenticator(ISSUER, ISSUER, clock, identity)
        roblox = app.state.ownership_check = FakeRoblox()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield Rest(client, clock, roblox)
        await app.state.authenticator.close()


@dataclass(slots=True)
class Discord:
    """Sends commands as discord-gateway does, and events as others do."""

    db: Database
    gateway: Publisher
    others: Publisher
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
        publisher: Publisher, exchange: str, topic: str, message_id: str, body: str
    ) -> None:
        message = aio_pika.Message(body.encode(), message_id=message_id, type=topic)
        await publisher.publish(f"holdfast.{exchange}", topic, message)


@asynccontextmanager
async def listening(db: Database, broker: Any) -> AsyncIterator[Discord]:
    """The service's consumers on this broker."""
    own = Publisher(broker.url("listings"), "listings")
    gateway = Publisher(broker.url("discord-gateway"), "discord-gateway")
    others = Publisher(broker.operator_url, "others")
    roblox = FakeRoblox()
    wishes = Wishes(roblox)
    wishes.open(db)
    consuming = Consuming(register(Consumers("listings"), wishes), db, own, RULES)
    connection = RabbitBroker(broker.url("listings"), apply_types=False, logger=None)
    consuming.attach(connection, 10)
    await connection.start()
    yield Discord(db, gateway, others, roblox)
    await connection.stop()
    for publisher in (own, gateway, others):
        await publisher.close()
