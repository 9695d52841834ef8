"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from chassis_openapi import attack, base_url, listening, serving
from identity.app import create_app
from identity_builders import ADMIN_DISCORD_ID, SECRET, an_identity, some_settings

OPERATIONS = 18
AS_SERVICE = {"X-Service-Secret": SECRET}


def access_token(base: str) -> str:
    """An administrator's."""
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(base_url=base, transport=transport) as client:
        who = {"discord_user_id": ADMIN_DISCORD_ID}
        answer = client.post("/internal/token-exchange", json=who, headers=AS_SERVICE)
    return str(answer.json()["access_token"])


@pytest.fixture
def base(database_url: str) -> Iterator[str]:
    """The service on a free port, which an administrator has joined."""

    async def join() -> None:
        async with an_identity(database_url) as identity:
            await identity.joined(ADMIN_DISCORD_ID)

    asyncio.run(join())
    with listening() as listener:
        base = base_url(listener)
        settings = some_settings(database_url, public_base_url=base)
        with serving(create_app(settings), listener):
            yield base


def test_no_input_makes_any_operation_fail(base: str):
    headers = {"Authorization": f"Bearer {access_token(base)}", **AS_SERVICE}
    assert attack(base, headers, outages=False) >= OPERATIONS
