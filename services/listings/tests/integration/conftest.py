from collections.abc import AsyncIterator

import pytest
from chassis.clock import ManualClock
from chassis.storage import database
from chassis.storage.database import Database
from listings_builders import a_person


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_url(database_for) -> str:
    return database_for("listings")


@pytest.fixture
async def db(database_url, clock) -> AsyncIterator[Database]:
    async with database.connect(database_url, clock, "listings") as opened:
        yield opened


@pytest.fixture
def seller():
    return a_person()


@pytest.fixture
def buyer():
    return a_person()
