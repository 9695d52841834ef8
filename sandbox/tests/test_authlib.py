"""Logins by authlib, which knows neither Discord nor Roblox, only OAuth and OpenID Connect."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from client_process import run
from foreign import python_packages
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("authlib_login.py")
CLIENT, SECRET, REDIRECT = "840974200211308101", "a-secret", "http://127.0.0.1:9/callback"
SELLER = 101


@asynccontextmanager
async def running() -> AsyncIterator[str]:
    """A sandbox in which one application is known to both providers; its address."""
    app = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [REDIRECT]}
    discord = {"application_id": CLIENT, "client_secret": SECRET, "redirect_uris": [REDIRECT]}
    users = [{"id": SELLER, "name": "seller"}]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = {"discord": discord, "roblox": {"clients": [app], "users": users}}
        runner = web.AppRunner(build_app(parse(config, base), Clock()), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield base
        finally:
            await runner.cleanup()


async def logged_in(base: str, **about: Any) -> dict[str, Any]:
    """What the website on authlib learns."""
    python = python_packages("authlib==1.9.9", f"httpx=={httpx.__version__}")
    known = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uri": REDIRECT, **about}
    plain = {"AUTHLIB_INSECURE_TRANSPORT": "1", "NO_PROXY": "*"}
    said = await run(python, SCRIPT, json.dumps(known), **plain)
    return dict(json.loads(said.splitlines()[-1]))


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
async def test_a_website_on_authlib_logs_somebody_in_with_discord(auth: str) -> None:
    async with running() as base:
        async with httpx.AsyncClient(base_url=base) as http:
            made = await http.post("/control/discord/users", json={"name": "ada"})
        token = f"{base}/discord/api/oauth2/token"
        addresses = {
            "authorization_endpoint": f"{base}/discord/oauth2/authorize",
            "token_endpoint": token,
            "revocation_endpoint": f"{token}/revoke",
            "userinfo_endpoint": f"{base}/discord/api/v10/users/@me",
        }
        form = {"user": made.json()["id"], "decision": "approve"}
        learnt = await logged_in(
            base, addresses=addresses, scope="identify guilds", form=form, auth=auth
        )

    assert (learnt["me"]["username"], learnt["proved"]) == ("ada", False)
    assert (learnt["wrong"], learnt["same"], learnt["after"]) == ("invalid_grant", False, 401)


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
async def test_a_website_on_authlib_finds_roblox_by_its_discovery_document(auth: str) -> None:
    async with running() as base:
        found = f"{base}/roblox/oauth/.well-known/openid-configuration"
        form = {"user_id": str(SELLER), "decision": "approve"}
        learnt = await logged_in(
            base, discovery=found, scope="openid profile", form=form, auth=auth
        )

    assert (learnt["me"]["preferred_username"], learnt["proved"]) == ("seller", True)
    assert (learnt["wrong"], learnt["same"], learnt["after"]) == ("invalid_grant", False, 401)
