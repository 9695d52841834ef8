"""A client of a service, and the people it acts as: whom identity told of, and their tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from chassis import principals
from chassis.clock import Clock
from chassis.http import callers, ended_sessions
from chassis.http.auth import (
    ALGORITHM,
    AUDIENCE,
    TOKEN_TYPE,
    Authenticator,
    Claims,
    unauthenticated,
)
from chassis.principals import Principal
from chassis.settings import Role
from chassis.storage.database import Database
from contracts_schema.events.identity import Tier, TierChanged, UserRegistered, UserSuspended
from contracts_schema.ids import derive_uuid, uuid7
from contracts_schema.message import Event
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

ISSUER = "http://holdfast.test"
SERVICES = (
    "identity", "listings", "contracts", "escrow", "verification", "notifier", "discord-gateway",
)  # fmt: skip
KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})


def secret_of(service: str) -> str:
    """What this service proves itself with in tests."""
    return f"the-secret-of-{service}"


def admitting(*services: str) -> str:
    """The setting that admits these services by their secrets."""
    return ",".join(f"{name}={callers.digest(secret_of(name))}" for name in services)


def api_settings(database_url: str) -> dict[str, Any]:
    """What every service needs to run as ROLE=api on this database, without a broker."""
    return {
        "database_url": database_url,
        "broker_url": "amqp://127.0.0.1:1/",
        "cursor_secret": "c" * 32,
        "service_secret": "s" * 32,
        "role": Role.API,
        "public_base_url": ISSUER,
        "requests_per_minute": 10**6,
        "requests_per_minute_of_a_login": 10**6,
    }


def discord_id(person: Principal) -> str:
    """The Discord account of this person."""
    return str(derive_uuid(person.user_id).int % 10**18)


def joined(person: Principal) -> list[Event]:
    """What identity tells of a person who is who they are."""
    told: list[Event] = [
        UserRegistered(user_id=person.user_id, discord_id=discord_id(person), locale=person.locale),
        TierChanged(user_id=person.user_id, tier=person.tier, previous=Tier.TIER_0),
    ]
    if person.suspended:
        told.append(UserSuspended(user_id=person.user_id))
    return told


async def known(db: Database, *people: Principal) -> None:
    """Identity's events have told of these people."""
    async with db.transaction() as tx:
        for event in [event for one in people for event in joined(one)]:
            await principals.project(tx, event, sequence=1)


def token(user_id: str, clock: Clock, role: str = "USER", session_id: str = "ses_1") -> str:
    """An access token as identity issues it."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": user_id, "sid": session_id,
        "jti": str(uuid7()), "tier": "TIER_1", "role": role, "scope": "read write admin",
        "iat": now, "exp": now + 900,
    }  # fmt: skip
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": "test"}
    return jwt.encode(header, claims, KEY, [ALGORITHM])


@dataclass(slots=True)
class RestClient:
    """A client of the service's HTTP side."""

    client: httpx.AsyncClient
    clock: Clock

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
            sent["Authorization"] = f"Bearer {token(who.user_id, self.clock)}"
        return await self.client.request(method, path, headers=sent, json=body)

    async def pages(self, path: str, who: Principal | None = None) -> list[dict[str, Any]]:
        """Every row of the list, following the Link headers."""
        found: list[dict[str, Any]] = []
        following = path
        while following:
            answer = await self.ask("GET", following, who)
            assert answer.status_code == 200, answer.text
            found += answer.json()["data"]
            link = answer.headers.get("link", "")
            assert bool(link) == bool(answer.json()["next_cursor"])
            following = link.partition(">")[0].removeprefix("<")
        return found


class TestAuthenticator(Authenticator):
    """Checks tokens as everywhere, by the tests' key; no login has ended."""

    __test__ = False
    database: Database

    async def introspect(self, credential: str) -> Claims:
        """Identity's word now: what its events told this service, where they told anything."""
        claims = await self.claims(credential)
        known = await principals.by_user_id(self.database, claims.user_id)
        if known is None:
            return claims
        if known.suspended:
            raise unauthenticated("login_ended")
        return replace(claims, tier=known.tier, role=known.role)


@asynccontextmanager
async def client_of(app: FastAPI, clock: Clock, **parts: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The service with its own pool, the tests' clock and key, and what ``parts`` replace."""
    async with app.router.lifespan_context(app):
        app.state.database.clock = app.state.clock = clock
        keys = httpx.MockTransport(_keys)
        app.state.authenticator = TestAuthenticator(ISSUER, ISSUER, clock, keys)
        app.state.authenticator.database = app.state.database
        for name, part in parts.items():
            setattr(app.state, name, part)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield client
        await app.state.authenticator.close()


def _keys(asked: httpx.Request) -> httpx.Response:
    if asked.url.path == ended_sessions.PATH:
        return httpx.Response(200, json={"complete": True, "ended": []})
    return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))
