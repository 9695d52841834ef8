"""Identity on a fresh database, with and without an outside world."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis_fixtures import database_url
from identity_builders import Identity, Outside, an_identity, an_outside

__all__ = ["database_url"]


@pytest.fixture
def service() -> str:
    return "identity"


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with an_outside() as world:
        yield world


@pytest.fixture
async def identity(database_url, outside) -> AsyncIterator[Identity]:
    async with an_identity(database_url, outside) as running:
        yield running
