"""A fresh database, an open pool on it, and the service's inside on a rail of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis.clock import ManualClock
from chassis.storage.database import Database, connect
from chassis_fixtures import database_url
from escrow_builders import NOON, House, a_house
from escrow_fake_rail import FakeRail

__all__ = ["database_url"]


@pytest.fixture
def service() -> str:
    return "escrow"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
async def database(database_url, clock) -> AsyncIterator[Database]:
    async with connect(database_url, clock, "escrow", size=20) as open_database:
        yield open_database


@pytest.fixture
def rail() -> FakeRail:
    return FakeRail()


@pytest.fixture
async def house(database, rail) -> House:
    return a_house(database, rail)
