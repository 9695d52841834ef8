from collections.abc import AsyncIterator

import pytest
from chassis import database
from chassis.clock import ManualClock
from chassis.database import Database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def db(database_for, clock) -> AsyncIterator[Database]:
    async with database.connect(database_for("notifier"), clock, "escrow") as opened:
        yield opened
