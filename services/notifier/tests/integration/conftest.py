from collections.abc import AsyncIterator

import pytest
from chassis.clock import ManualClock
from chassis.storage import database
from chassis.storage.database import Database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_url(database_for) -> str:
    return database_for("notifier")


@pytest.fixture
async def db(database_url, clock) -> AsyncIterator[Database]:
    async with database.connect(database_url, clock, "notifier") as opened:
        yield opened
