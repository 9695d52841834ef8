"""A bot on discord.js, which nobody here wrote, before the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from client_process import run_node
from discord_harness import TOKEN, Harness, running
from foreign import node_packages

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
GUILD_MEMBERS, MESSAGE_CONTENT = 1 << 1, 1 << 15


@pytest.fixture
async def privileged() -> AsyncIterator[Harness]:
    async with running(privileged_intents=GUILD_MEMBERS | MESSAGE_CONTENT) as made:
        yield made
    assert made.contract.violations == []


@pytest.mark.parametrize("script", ["discord_bot.cjs", "discord_channel.cjs"])
async def test_a_bot_on_discord_js_does_what_it_does_at_discord(
    privileged: Harness, script: str
) -> None:
    client = node_packages("discord.js@14.28.1")
    told = {"SANDBOX": privileged.base, "TOKEN": TOKEN, "CHANNEL": privileged.general}

    said = await run_node(Path(__file__).with_name(script), client, **told)

    assert said.endswith("done")
