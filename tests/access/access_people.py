"""Who calls: people whom a real identity knows, by its tokens and API keys, and other services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from chassis.clock import ManualClock
from chassis.http.auth import Authenticator
from chassis.http.callers import SECRET_HEADER
from chassis.principals import Principal
from chassis_client import discord_id, joined, secret_of
from contracts_schema.events.identity import PlatformRole, RoleChanged, Tier
from contracts_schema.ids import derive_id, new_id, uuid7
from contracts_schema.message import Event
from httpx import ASGITransport
from identity import handlers, store
from identity.domain.api_key import Scope
from identity.domain.session import REFRESH_LIFE, Session
from identity.domain.user import User
from identity_builders import PUBLIC, Identity

SELLER, BUYER, STRANGER, ADMIN, SECOND_ADMIN = (
    Principal(derive_id("usr", name), Tier.TIER_1, role)
    for name, role in (
        ("seller", PlatformRole.USER),
        ("buyer", PlatformRole.USER),
        ("stranger", PlatformRole.USER),
        ("admin", PlatformRole.ADMIN),
        ("second admin", PlatformRole.ADMIN),
    )
)
PEOPLE = (SELLER, BUYER, STRANGER, ADMIN, SECOND_ADMIN)
LIFE = timedelta(minutes=15)


class Subject(StrEnum):
    """Who may be calling; a party is somebody whose thing the route is about."""

    ANONYMOUS = "anonymous"
    EXPIRED = "expired token"
    SERVICE = "service secret"
    STRANGER = "other user"
    BELOW = "party at TIER_0"
    READ_KEY = "party's read key"
    WRITE_KEY = "party's write key"
    ADMIN_WRITE_KEY = "admin's write key"
    ADMIN = "admin"


def told(person: Principal) -> list[Event]:
    """What identity's events tell of the person."""
    role = RoleChanged(user_id=person.user_id, role=person.role, previous=PlatformRole.USER)
    return [*joined(person), role]


@dataclass
class People:
    """The people and their credentials, of this identity."""

    identity: Identity
    keys: dict[tuple[str, tuple[Scope, ...]], str] = field(default_factory=dict)

    async def join(self) -> None:
        """Let identity know all of them."""
        now = self.identity.clock.now()
        async with self.identity.db.transaction() as tx:
            for one in PEOPLE:
                user = User(one.user_id, discord_id(one), now, one.tier, one.role)
                assert await store.user.add(tx, user)
                for event in told(one):
                    await handlers.user.stage_and_follow(tx, event, 1)

    async def newcomer(self) -> str:
        """The id of somebody who has just joined."""
        return (await self.identity.joined(str(uuid7().int % 10**18))).user_id

    def authenticator(self, clock: ManualClock, service: str) -> Authenticator:
        """How this service checks a credential: it asks this identity."""
        transport, secret = ASGITransport(self.identity.app), secret_of(service)
        return Authenticator("http://identity", PUBLIC, clock, transport, service_secret=secret)

    async def headers(self, subject: Subject, party: Principal, service: str) -> dict[str, str]:
        """What this subject sends to prove who it is."""
        if subject is Subject.ANONYMOUS:
            return {}
        if subject is Subject.SERVICE:
            return {SECRET_HEADER: secret_of(service)}
        return {"Authorization": f"Bearer {await self._credentials[subject](party)}"}

    @property
    def _credentials(self) -> dict[Subject, Callable[[Principal], Awaitable[str]]]:
        reading, writing = (Scope.READ,), (Scope.READ, Scope.WRITE)
        return {
            Subject.EXPIRED: lambda party: self.login(party, -LIFE),
            Subject.STRANGER: lambda _: self.login(STRANGER),
            Subject.BELOW: self.login,
            Subject.READ_KEY: lambda party: self.key(party, reading),
            Subject.WRITE_KEY: lambda party: self.key(party, writing),
            Subject.ADMIN_WRITE_KEY: lambda _: self.key(ADMIN, writing),
            Subject.ADMIN: lambda _: self.login(ADMIN),
        }

    async def login(self, person: Principal, life: timedelta = LIFE) -> str:
        """An access token of a new login."""
        now = self.identity.clock.now()
        session = Session(new_id("ses"), person.user_id, now, now, now + REFRESH_LIFE)
        async with self.identity.db.transaction() as tx:
            await store.session.add(tx, session)
            user = await store.user.find(tx, person.user_id)
        assert user is not None
        issuer = self.identity.app.state.token_issuer
        return str(issuer.access_token(user, session.session_id, now, life))

    async def key(self, person: Principal, scopes: tuple[Scope, ...]) -> str:
        """The person's API key with these scopes."""
        if (person.user_id, scopes) not in self.keys:
            self.keys[person.user_id, scopes] = (await self.new_key(person, scopes))[1]
        return self.keys[person.user_id, scopes]

    async def new_key(self, person: Principal, scopes: tuple[Scope, ...]) -> tuple[str, str]:
        """Another API key: its id and its secret."""
        owner = Principal(person.user_id, session_id=new_id("ses"))
        async with self.identity.db.transaction() as tx:
            key, secret = await handlers.api_key.create(tx, owner, "bot", scopes, None)
        return key.key_id, secret
