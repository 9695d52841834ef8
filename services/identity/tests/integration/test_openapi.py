"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from identity.app import create_app
from identity_builders import ADMIN_DISCORD_ID, SECRET, an_identity, some_settings

EXAMPLES = 15


@contextmanager
def serving(database_url: str) -> Iterator[tuple[str, str]]:
    """The service on a free port, in a thread of its own, and an administrator's key."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        own = some_settings(database_url, public_base_url=base)
        config = uvicorn.Config(create_app(own), log_level="error", lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield base, _admin_token(base)
        finally:
            server.should_exit = True
            thread.join(15)


def _admin_token(base: str) -> str:
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(base_url=base, transport=transport) as client:
        answer = client.post(
            "/internal/token-exchange",
            json={"discord_user_id": ADMIN_DISCORD_ID},
            headers={"X-Service-Secret": SECRET},
        )
    return str(answer.json()["access_token"])


@pytest.fixture
def served(database_for) -> Iterator[tuple[str, str]]:
    url = database_for("identity")

    async def join() -> None:
        async with an_identity(url) as identity:
            await identity.joined(ADMIN_DISCORD_ID)

    asyncio.run(join())
    with serving(url) as running:
        yield running


def test_no_input_makes_any_operation_fail(served: tuple[str, str]):
    base, token = served
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    checked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: schemathesis.Case) -> None:
            headers = {"Authorization": f"Bearer {token}", "X-Service-Secret": SECRET}
            answer = case.call(base_url=base, headers=headers)
            assert answer.status_code < 500, f"{case.method} {case.path}: {answer.text}"

        attempt()
        checked += 1
    assert checked >= 18
