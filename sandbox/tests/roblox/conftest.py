"""The one fixture of these tests: a seeded sandbox that runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: find roblox_world.py

from roblox_world import Sandbox, running


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A running sandbox with a seller, a buyer, a studio and one game."""
    async with running() as started:
        yield started
