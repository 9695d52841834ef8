"""Clients that nobody here wrote, run as processes; `foreign` installs them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

PATIENCE_S = 90


async def run(*command: str | Path, **environment: str) -> str:
    """What a client says that ends well; one that ends otherwise fails the test."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{command} took longer than {PATIENCE_S} s")
    assert process.returncode == 0, said.decode()
    return said.decode().strip()


async def run_node(script: Path, packages: Path, **environment: str) -> str:
    """What a script for Node says that requires these packages."""
    return await run("node", script, NODE_PATH=str(packages / "node_modules"), **environment)
