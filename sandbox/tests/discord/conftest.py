"""The fixtures of these tests: a running sandbox, and a bot before it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: find discord_harness.py

from discord_harness import Harness, running
from discord_tiny_bot import TinyBot


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    """A running sandbox whose every REST answer is held against Discord's description."""
    async with running() as started:
        yield started
    assert started.contract.violations == []


@pytest_asyncio.fixture
async def bot(harness: Harness) -> TinyBot:
    """A bot that is ready."""
    return await harness.bot()
