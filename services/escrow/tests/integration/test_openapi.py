"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

import asyncio

import pytest
from chassis.clock import ManualClock
from chassis.storage.database import connect
from chassis_openapi import attack, served
from contracts_schema.terms import Rail
from escrow.app import create_app
from escrow_builders import ADMIN, NOON, a_house, person, settings, some_terms
from escrow_fake_rail import FakeRail

OPERATIONS = 22


@pytest.fixture
def app(database_url):
    """The service with an escrow to act on, and a rail of the tests."""
    rail = FakeRail()

    async def begin() -> None:
        async with connect(database_url, ManualClock(NOON), "escrow", size=2) as database:
            await a_house(database, rail).delivered(some_terms(buyer_id=ADMIN))

    asyncio.run(begin())
    app = create_app(settings(database_url=database_url))
    rail.read_webhook = app.state.rails[Rail.STRIPE].read_webhook
    app.state.rails = {Rail.STRIPE: rail}
    return app


def test_no_input_makes_any_operation_fail(app):
    with served(app, person(ADMIN)) as base:
        assert attack(base, outages=False) == OPERATIONS
