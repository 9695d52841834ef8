"""Whatever is sent to whatever route: no fault of ours, by every operation there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from chassis.clock import SystemClock
from chassis_client import secret_of
from chassis_openapi import attack, base_url, listening, serving
from identity.api import ROUTERS
from identity.app import create_app
from identity_builders import (
    ADMIN_DISCORD_ID,
    GATEWAY_SECRET,
    a_pem,
    an_identity,
    some_settings,
)

OPERATIONS = 22


@pytest.fixture(autouse=True)
def all_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The routes of services are described too, so that they are tried."""
    for router in ROUTERS:
        for route in router.routes:
            monkeypatch.setattr(route, "include_in_schema", True)


@pytest.fixture
def served(all_described: None, database_url: str) -> Iterator[tuple[str, str]]:
    """The service on a free port, and the token of an administrator's login."""

    async def log_in(settings: dict[str, str]) -> str:
        async with an_identity(database_url, **settings) as identity:
            identity.db.clock = SystemClock()
            await identity.joined(ADMIN_DISCORD_ID)
            return await identity.session_token(ADMIN_DISCORD_ID)

    with listening() as listener:
        settings = {"public_base_url": base_url(listener), "signing_key": a_pem()}
        token = asyncio.run(log_in(settings))
        app = create_app(some_settings(database_url, **settings))
        with serving(app, listener):
            yield base_url(listener), token


@pytest.mark.parametrize("secret", [GATEWAY_SECRET, secret_of("escrow")], ids=["gateway", "escrow"])
def test_no_input_makes_any_operation_fail(served: tuple[str, str], secret: str):
    base, token = served
    headers = {"Authorization": f"Bearer {token}", "X-Service-Secret": secret}
    assert attack(base, headers, outages=False) >= OPERATIONS
