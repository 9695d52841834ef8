"""A running identity with the outside world it logs in at, and people who use it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from aiohttp import web
from chassis.cause import Cause
from chassis.clock import ManualClock
from chassis.principals import Principal
from chassis.storage.database import Database
from chassis_client import SERVICES, admitting, secret_of
from contracts_schema.commands.identity import RegisterUser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from identity import handlers, store
from identity.app import create_app, own_authenticator
from identity.domain.session import ACCESS_LIFE
from identity.domain.terms import TermsOfService
from identity.domain.user import User
from identity.settings import Settings
from identity.texts import terms_of_service
from sandbox.clock import Clock as SandboxClock
from sandbox.config import parse
from sandbox.faults import Faults
from sandbox.keeping import Keeper

from sandbox import discord, roblox

PUBLIC = "http://holdfast.test"
TERMS = terms_of_service().current.version
TERMS_SHA256 = terms_of_service().current.sha256
GATEWAY_SECRET = secret_of("discord-gateway")
ADMIN_DISCORD_ID = "900000000000000001"
ALICE, BOB = 1001, 1002
ROBLOX_CLIENT = {
    "client_id": "4711",
    "client_secret": "roblox-secret",
    "redirect_uris": [f"{PUBLIC}/oauth/roblox/callback"],
}
DISCORD_APP = {
    "application_id": "1100000000000000000",
    "client_secret": "discord-secret",
    "redirect_uris": [f"{PUBLIC}/v1/auth/discord/callback"],
}


def a_pem() -> str:
    """A new Ed25519 private key."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def some_settings(database_url: str, outside: str = "http://127.0.0.1:9", **more: Any) -> Settings:
    """Settings of a test; nothing listens outside unless a world is given."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "broker_url": "amqp://127.0.0.1:9/",
        "cursor_secret": "cursor-secret",
        "role": "api",
        "public_base_url": PUBLIC,
        "signing_key": a_pem(),
        "service_secret": secret_of("identity"),
        "service_callers": admitting(*SERVICES),
        "discord_application_id": DISCORD_APP["application_id"],
        "discord_client_secret": DISCORD_APP["client_secret"],
        "discord_api_base": f"{outside}/discord/api/v10",
        "discord_oauth_base": f"{outside}/discord",
        "roblox_client_id": ROBLOX_CLIENT["client_id"],
        "roblox_client_secret": ROBLOX_CLIENT["client_secret"],
        "roblox_oauth_base": f"{outside}/roblox/oauth",
        "roblox_oauth_api_base": f"{outside}/roblox/oauth",
        "bootstrap_admin_discord_ids": ADMIN_DISCORD_ID,
    }
    return Settings(**values | more)


@dataclass(slots=True)
class Outside:
    """Roblox and Discord as the sandbox plays them, and what they were asked."""

    base: str
    http: httpx.AsyncClient
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def control(self, path: str, body: dict[str, Any]) -> Any:
        """Change the world as its owner."""
        answer = await self.http.post(f"{self.base}/control{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def discord_person(self, name: str) -> str:
        """A new person at Discord; their id."""
        return str((await self.control("/discord/users", {"name": name}))["id"])

    async def known(self, discord_id: str) -> None:
        """Have a person of this id at Discord."""
        body = {"name": f"p{discord_id}", "id": discord_id}
        answer = await self.http.post(f"{self.base}/control/discord/users", json=body)
        assert answer.status_code in (201, 409), answer.text

    async def allow(self, url: str, account: int | str, decision: str = "approve") -> str:
        """Answer a provider's page as this account; where the browser is sent then."""
        form = {"user_id": str(account), "user": str(account), "decision": decision}
        answer = await self.http.post(url, data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def posted(self, path: str) -> list[dict[str, str]]:
        """The forms that were posted there."""
        return [form for asked, form in self.asked if asked == path]


@asynccontextmanager
async def an_outside() -> AsyncIterator[Outside]:
    """Both providers on one free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        seed = {
            "clients": [ROBLOX_CLIENT],
            "users": [{"id": ALICE, "name": "alice"}, {"id": BOB, "name": "bob"}],
        }
        config, clock, faults = (
            parse({"roblox": seed, "discord": DISCORD_APP}, base),
            SandboxClock(),
            Faults(),
        )
        keeper = Keeper()
        async with httpx.AsyncClient(verify=False) as http:
            outside = Outside(base, http)
            app = web.Application(middlewares=[_recording(outside)])
            for party in (roblox, discord):
                app.add_routes(party.build(config, clock, faults, keeper).routes())
            runner = web.AppRunner(app)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            yield outside
            await runner.cleanup()


def _recording(outside: Outside) -> Any:
    @web.middleware
    async def record(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST" and request.content_type.endswith("form-urlencoded"):
            form = {key: str(value) for key, value in (await request.post()).items()}
            outside.asked.append((request.path, form))
        return await handler(request)

    return record


@dataclass(slots=True)
class Identity:
    """The service, running in this process, with a clock that is moved by hand."""

    app: FastAPI
    db: Database
    clock: ManualClock
    settings: Settings
    outside: Outside | None = None
    links: dict[str, str] = field(default_factory=dict)
    """Whose Discord account each link is for, by its URL."""

    def browser(self, token: str = "") -> httpx.AsyncClient:
        """A client with cookies of its own; with a token it is logged in."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url=PUBLIC, headers=headers)

    async def joined(self, discord_id: str) -> User:
        """A person who joined in Discord."""
        async with self.db.transaction(Cause(actor="test")) as tx:
            return await handlers.user.register(
                tx,
                Principal("", discord_id=discord_id, interface="discord"),
                RegisterUser(consent=True, terms_version=TERMS),
                self.app.state.joining,
            )

    async def exchanged(self, discord_id: str) -> str:
        """The token that discord-gateway reads with for this person."""
        async with self.browser() as client:
            answer = await client.post(
                "/internal/token-exchange",
                json={"discord_user_id": discord_id},
                headers={"X-Service-Secret": GATEWAY_SECRET},
            )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def session_token(self, discord_id: str) -> str:
        """The access token of a new login of this person."""
        async with self.db.transaction(Cause(actor="test")) as tx:
            user = await store.user.find_by_discord_id(tx, discord_id)
            assert user is not None
            login = await handlers.session.begin(tx, user, "tests")
        issuer = self.app.state.token_issuer
        signed: str = issuer.access_token(user, login.session_id, tx.now(), ACCESS_LIFE)
        return signed

    async def introspected(self, token: str, service: str = "escrow") -> dict[str, Any]:
        """What identity tells this service about the credential."""
        headers = {"X-Service-Secret": secret_of(service)}
        async with self.browser() as client:
            answer = await client.post(
                "/internal/introspect", json={"token": token}, headers=headers
            )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def link_url(self, discord_id: str) -> str:
        """The path of a fresh secret link of this person."""
        async with self.browser(await self.exchanged(discord_id)) as client:
            made = await client.post("/v1/links", json={"provider": "roblox"})
            assert made.status_code == 201, made.text
            shown = await client.post(f"/v1/links/{made.json()['link_id']}/url")
        assert shown.status_code == 200, shown.text
        url = str(shown.json()["url"])
        self.links[url] = discord_id
        return url

    async def to_callback(self, browser: httpx.AsyncClient, url: str, account: int) -> str:
        """Open a link, log in at Discord, allow it at Roblox; the callback, not yet opened."""
        assert self.outside is not None
        return await self.outside.allow(await self.to_roblox(browser, url), account)

    async def to_roblox(
        self, browser: httpx.AsyncClient, url: str, discord_id: str | None = None
    ) -> str:
        """Open a link and log in at Discord, as its owner unless somebody else is named."""
        proven = await self.proven(browser, url, discord_id or self.links[url])
        assert proven.status_code == 302, proven.text
        return str(proven.headers["Location"])

    async def proven(self, browser: httpx.AsyncClient, url: str, discord_id: str) -> httpx.Response:
        """Open a link and log in at Discord as this person; what the browser is answered then."""
        opened = await browser.get(url)
        assert opened.status_code == 302, opened.text
        assert self.outside is not None
        await self.outside.known(discord_id)
        return await browser.get(await self.outside.allow(opened.headers["Location"], discord_id))

    async def linked(self, discord_id: str, account: int) -> httpx.Response:
        """Go the whole way from a link to the page at its end."""
        async with self.browser() as browser:
            url = await self.link_url(discord_id)
            return await browser.get(await self.to_callback(browser, url, account))

    async def logged_in(self, name: str, **changes: Any) -> tuple[str, dict[str, Any]]:
        """A new person at Discord who joins and logs in by REST: Discord id and tokens."""
        assert self.outside is not None
        discord_id = await self.outside.discord_person(name)
        return discord_id, (await self.login(discord_id, **changes)).json()

    async def login(self, discord_id: str, **changes: Any) -> httpx.Response:
        """Log in with Discord in a browser of its own; the answer at the end."""
        assert self.outside is not None
        body = {"consent": True, "terms_version": TERMS} | changes
        async with self.browser() as browser:
            begun = await browser.post("/v1/auth/discord/url", json=body)
            assert begun.status_code == 200, begun.text
            return await browser.get(await self.outside.allow(begun.json()["url"], discord_id))

    async def topics(self) -> list[str]:
        """What was promised to be published so far."""
        rows = await self.db.rows("SELECT topic FROM outbox ORDER BY position")
        return [row["topic"] for row in rows]


@asynccontextmanager
async def an_identity(
    database_url: str,
    outside: Outside | None = None,
    terms: TermsOfService | None = None,
    **more: Any,
) -> AsyncIterator[Identity]:
    """The service with its lifespan, and a clock that is moved by hand."""
    base = outside.base if outside else "http://127.0.0.1:9"
    settings, clock = some_settings(database_url, base, **more), ManualClock()
    app = create_app(settings, terms)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        app.state.database.clock = clock
        app.state.authenticator = own_authenticator(app, settings, clock)
        stack.push_async_callback(app.state.authenticator.close)
        yield Identity(app, app.state.database, clock, settings, outside)


def query_of(url: str) -> dict[str, str]:
    """The query of a URL, one value each."""
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
