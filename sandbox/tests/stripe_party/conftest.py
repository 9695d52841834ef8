"""One running stand-in for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stripe_harness import Harness, a_harness

HERE = Path(__file__).parent
# stripe's HTTPXClient hands httpx its body in the old way.
OLD_WAY = "ignore:Use 'content=<...>' to upload raw bytes/text content:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(OLD_WAY))


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    """The sandbox on a free port; its every answer is judged when the test ends."""
    async with a_harness() as running:
        yield running
