"""What the tests of every service begin with: a clock, a fresh database and a pool on it.

A conftest takes these fixtures over by importing them, and says by ``service`` whose they are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from chassis.clock import ManualClock
from chassis.storage.database import Database, connect

__all__ = ["clock", "database_url", "db"]


@pytest.fixture
def clock() -> ManualClock:
    """Time that passes when a test says so."""
    return ManualClock()


@pytest.fixture
def database_url(database_for: Callable[[str], str], service: str) -> str:
    """A fresh database of the service."""
    return database_for(service)


@pytest.fixture
async def db(database_url: str, clock: ManualClock, service: str) -> AsyncIterator[Database]:
    """A pool on it."""
    async with connect(database_url, clock, service) as opened:
        yield opened
