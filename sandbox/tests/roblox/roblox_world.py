"""A running sandbox for the tests of Roblox, and a browser that answers its login page."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from aiohttp import web
from kept_whole import a_keeper, forgotten
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

CLIENT_ID, SECRET = "840974200211308101", "RBX-secret-of-the-tests"
REDIRECT = "http://127.0.0.1:9/oauth/roblox/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SELLER, BUYER, STUDIO, GAME, PLACE = 101, 102, 201, 301, 401
CLIENTS = [
    {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uris": [REDIRECT]},
    {"client_id": "other", "client_secret": "other-secret", "redirect_uris": [REDIRECT]},
]


def a_config(**changes: Any) -> dict[str, Any]:
    """A seller with a game, a buyer, and a studio in which the seller is an admin."""
    section = {
        "clients": CLIENTS,
        "users": [{"id": SELLER, "name": "seller"}, {"id": BUYER, "name": "buyer"}],
        "groups": [
            {
                "id": STUDIO,
                "name": "Studio",
                "owner": BUYER,
                "members": [{"user": SELLER, "role": "Admin", "rank": 254}],
            }
        ],
        "games": [
            {
                "universe_id": GAME,
                "place_id": PLACE,
                "name": "Obby",
                "owner": {"type": "User", "id": SELLER},
                "visits": 12,
            }
        ],
    }
    return {"roblox": {**section, **changes}}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A client of a running sandbox, with the clock it lives by."""

    http: httpx.AsyncClient
    clock: Clock
    base_url: str

    async def authorize(self, **changes: str | None) -> httpx.Response:
        """Open the login page; a change of None leaves the parameter out."""
        return await self.http.get("/roblox/oauth/v1/authorize", params=a_query(**changes))

    async def answer(self, decision: str = "approve", **changes: str | None) -> dict[str, str]:
        """Answer the login page as the seller; the parameters of the redirect that follows."""
        return returned(
            await self.http.post(
                "/roblox/oauth/v1/authorize",
                params=a_query(**changes),
                data={"decision": decision, "user_id": str(SELLER)},
            )
        )

    async def token(self, **changes: str | None) -> httpx.Response:
        """Call the token endpoint for a code with the right verifier, unless changed."""
        form = {
            "grant_type": "authorization_code",
            "code_verifier": VERIFIER,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return await self.http.post("/roblox/oauth/v1/token", data=_changed(form, changes))

    async def logged_in(self, **changes: str | None) -> dict[str, Any]:
        """The token set of a login that went well."""
        code = (await self.answer(**changes))["code"]
        response = await self.token(code=code)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return tokens

    async def refresh(self, refresh_token: str) -> httpx.Response:
        """Exchange a refresh token."""
        return await self.token(
            grant_type="refresh_token", code_verifier=None, refresh_token=refresh_token
        )

    async def userinfo(self, access_token: str) -> httpx.Response:
        """Ask who is behind an access token."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self.http.get("/roblox/oauth/v1/userinfo", headers=headers)

    async def client_post(self, path: str, **form: str) -> httpx.Response:
        """Call an endpoint that wants the client's secret, sent as basic auth."""
        return await self.http.post(f"/roblox/oauth/v1/{path}", data=form, auth=(CLIENT_ID, SECRET))


def a_query(**changes: str | None) -> dict[str, str]:
    """The query of a faultless login."""
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid profile",
        "state": "s/1&2",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return _changed(query, changes)


def returned(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings back to the app."""
    assert response.status_code == 302, response.text
    location = response.headers["Location"]
    assert location.split("?")[0] == REDIRECT
    return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}


def _changed(values: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**values, **changes}
    return {key: value for key, value in merged.items() if value is not None}


@asynccontextmanager
async def running() -> AsyncIterator[Sandbox]:
    """A whole sandbox on a free port, with a clock of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    clock = Clock()
    with listener, a_keeper() as keeper:
        runner = web.AppRunner(build_app(parse(a_config(), base_url), clock, keeper=keeper))
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            async with httpx.AsyncClient(base_url=base_url, verify=False) as http:
                yield Sandbox(http, clock, base_url)
                assert forgotten(keeper) == []
        finally:
            await runner.cleanup()
