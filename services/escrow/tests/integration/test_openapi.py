"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import schemathesis
import uvicorn
from chassis.clock import ManualClock
from chassis.http.auth import caller, live_caller
from chassis.principals import Principal
from chassis.storage.database import connect
from contracts_schema.terms import Rail
from escrow.app import create_app
from escrow_builders import ADMIN, NOON, a_house, person, settings, some_terms
from escrow_fake_rail import FakeRail
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

EXAMPLES = 15
OPERATIONS = 19


@pytest.fixture
def base(database_url) -> Iterator[str]:
    """The service on a free port, in a thread of its own, with an escrow to act on."""
    rail = FakeRail()

    async def begin() -> None:
        async with connect(database_url, ManualClock(NOON), "escrow", size=2) as database:
            terms = some_terms(buyer_id=ADMIN)
            await a_house(database, rail).delivered(terms)

    asyncio.run(begin())
    app = create_app(settings(database_url=database_url))
    rail.read_webhook = app.state.rails[Rail.STRIPE].read_webhook
    app.state.rails = {Rail.STRIPE: rail}
    app.dependency_overrides[caller] = as_administrator
    app.dependency_overrides[live_caller] = as_administrator
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(15)


async def as_administrator() -> Principal:
    """Who may do everything, so that no example ends at the first one."""
    return person(ADMIN)


def test_no_input_makes_any_operation_fail(base):
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    checked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @hypothesis_settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: schemathesis.Case) -> None:
            answer = case.call(base_url=base)
            assert answer.status_code < 500, f"{case.method} {case.path}: {answer.text}"

        attempt()
        checked += 1
    assert checked == OPERATIONS
