"""The doors of verification: REST with real tokens, and what others tell over a real broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
import httpx
from chassis import principals
from chassis.auth import ALGORITHM, AUDIENCE, TOKEN_TYPE, Authenticator
from chassis.clock import Clock
from chassis.consumer import Consumers
from chassis.database import Database
from chassis.principals import Principal
from chassis.publisher import Publisher
from chassis.settings import Role
from chassis_builders import consuming, until
from contracts_schema.events.identity import (
    AccountLinked,
    Tier,
    TierChanged,
    UserRegistered,
    UserSuspended,
)
from contracts_schema.ids import derive_uuid, new_id, uuid7
from contracts_schema.message import Event
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from verification.app import create_app
from verification.consumers import register
from verification.roblox import Roblox
from verification.settings import Settings

ISSUER, SECRET = "http://holdfast.test", "s" * 32
KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})


def a_person(tier: Tier = Tier.TIER_1, **more: Any) -> Principal:
    """Somebody at a door."""
    return Principal(new_id("usr"), tier, **more)


def joined(person: Principal, roblox_user_id: int | None = None) -> list[Event]:
    """What identity tells of a person, and of their account at Roblox."""
    told: list[Event] = [
        UserRegistered(
            user_id=person.user_id, discord_id=str(derive_uuid(person.user_id).int % 10**18)
        ),
        TierChanged(user_id=person.user_id, tier=person.tier, previous=Tier.TIER_0),
    ]
    if person.suspended:
        told.append(UserSuspended(user_id=person.user_id))
    if roblox_user_id is not None:
        account = {"provider": "roblox", "provider_user_id": str(roblox_user_id)}
        told.append(AccountLinked(user_id=person.user_id, **account))
    return told


async def known(db: Database, *people: Principal) -> None:
    """Identity's events have told of these people."""
    async with db.transaction() as tx:
        for event in [event for one in people for event in joined(one)]:
            await principals.project(tx, event)


def token(person: Principal, clock: Clock) -> str:
    """An access token as identity issues it."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": person.user_id, "sid": "ses_1",
        "jti": str(uuid7()), "tier": "TIER_1", "role": "USER", "iat": now, "exp": now + 900,
    }  # fmt: skip
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": "test"}
    return jwt.encode(header, claims, KEY, [ALGORITHM])


def _keys(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))


@dataclass(slots=True)
class Rest:
    """A client of the service's HTTP side."""

    client: httpx.AsyncClient
    clock: Clock

    async def ask(
        self, method: str, path: str, who: Principal | None = None, body: Any = None
    ) -> httpx.Response:
        """Send one request as this person, or as nobody."""
        sent = {"Authorization": f"Bearer {token(who, self.clock)}"} if who is not None else {}
        return await self.client.request(method, path, headers=sent, json=body)

    async def ask_as_service(self, body: Any, secret: str = SECRET) -> httpx.Response:
        """Ask as another service does."""
        headers = {"X-Service-Secret": secret}
        return await self.client.post("/internal/verifications", json=body, headers=headers)


@asynccontextmanager
async def serving(database_url: str, clock: Clock, games: Roblox) -> AsyncIterator[Rest]:
    """The service as ROLE=api, with its own pool, and the tests' clock, key and Roblox."""
    settings = Settings(
        database_url=database_url,
        broker_url="amqp://127.0.0.1:1/",
        cursor_secret="c" * 32,
        role=Role.API,
        public_base_url=ISSUER,
        service_secret=SECRET,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        app.state.database.clock = app.state.clock = clock
        app.state.games = games
        identity = httpx.MockTransport(_keys)
        app.state.authenticator = Authenticator(ISSUER, ISSUER, clock, identity)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield Rest(client, clock)
        await app.state.authenticator.close()


@dataclass(slots=True)
class Others:
    """The other services, which tell events."""

    db: Database
    services: Publisher

    async def tell(self, event: Event, message_id: str = "", **more: Any) -> str:
        """Publish an event, with other values than it may have if they are given; its id."""
        sent_as = message_id or str(uuid7())
        told = event.model_copy(update=more)
        message = aio_pika.Message(
            told.model_dump_json().encode(), message_id=sent_as, type=event.topic
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
    services = Publisher(broker.operator_url, "others")
    async with consuming(register(Consumers("verification")), db, broker.url("verification")):
        yield Others(db, services)
    await services.close()
