from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gateway_harness import OWNERS, Harness, a_harness


@pytest.fixture
def broker(broker_for: Any) -> Any:
    return broker_for("discord-gateway", "notifier", *OWNERS)


@pytest_asyncio.fixture
async def harness(database_for: Any, broker: Any, tmp_path: Path) -> AsyncIterator[Harness]:
    database_url = database_for("discord-gateway")
    async with a_harness(database_url, broker, tmp_path) as ready:
        yield ready
