from collections.abc import AsyncIterator

import pytest
from chassis.clock import ManualClock
from chassis.storage.database import Database, connect
from chassis_fixtures import clock, database_url

__all__ = ["clock", "database_url"]


@pytest.fixture
def service() -> str:
    """Whose database it is: the service that the chassis plays in its tests."""
    return "notifier"


@pytest.fixture
async def db(database_url: str, clock: ManualClock) -> AsyncIterator[Database]:
    """A pool on it, which publishes as escrow."""
    async with connect(database_url, clock, "escrow") as opened:
        yield opened
