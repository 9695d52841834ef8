"""A bot on discord.js, which nobody here wrote, before the stand-in."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from discord_harness import TOKEN, Harness, running

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
SCRIPT = Path(__file__).with_name("discord_bot.cjs")
GUILD_MEMBERS = 2
VERSION = "14.28.1"
INSTALL_S, RUN_S = 120, 60


async def run(*command: str, within_s: float, cwd: Path, **more: str) -> tuple[int, str]:
    """What a command ends with and says; -1 where it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, f"{command[0]} took longer than {within_s} s"
    return process.returncode or 0, said.decode()


@pytest.fixture
async def client(tmp_path: Path) -> Path:
    """A folder with discord.js; skipped where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    (tmp_path / "package.json").write_text("{}")
    install = (
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--cache",
        "npm",
        f"discord.js@{VERSION}",
    )
    code, said = await run(*install, within_s=INSTALL_S, cwd=tmp_path)
    if code != 0:
        pytest.skip(f"discord.js cannot be installed: {said[-200:]}")
    return tmp_path


@pytest.fixture
async def privileged() -> AsyncIterator[Harness]:
    async with running(privileged_intents=GUILD_MEMBERS) as made:
        yield made


async def test_a_bot_on_discord_js_meets_its_guild_and_its_people(
    client: Path, privileged: Harness
) -> None:
    script = shutil.copy(SCRIPT, client)
    told = {"SANDBOX": privileged.base, "TOKEN": TOKEN, "CHANNEL": privileged.general}
    code, said = await run("node", str(script), within_s=RUN_S, cwd=client, **told)

    assert code == 0, said
    assert said.strip().endswith("done")
