"""Clients that nobody here wrote: installed once where they can be had, run as processes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / ".holdfast" / "cache" / "clients"
INSTALL_S, RUN_S = 120, 90


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold the lock of this name: several workers may want the same client."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(name: str, *command: str) -> Path:
    """The folder of a client, which the command installs there; skipped where it cannot."""
    folder = CACHE / name
    with one_at_a_time(name):
        if (folder / "complete").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            made = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"{name} could not be installed within {INSTALL_S} s")
        if made.returncode != 0:
            pytest.skip(f"{name} cannot be installed: {made.stderr.strip()[:200]}")
        (folder / "complete").touch()
    return folder


def from_npm(package: str, version: str) -> Path:
    """The folder whose `node_modules` hold a client for Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    options = ("--no-audit", "--no-fund", "--no-save", "--cache", str(CACHE / "npm"))
    prefix = ("--prefix", str(CACHE / f"{package}-{version}"))
    wanted = f"{package}@{version}"
    return installed(f"{package}-{version}", "npm", "install", *options, *prefix, wanted)


def from_pypi(*wanted: str) -> Path:
    """The folder that holds a client for Python, beside what is installed here."""
    uv = Path(sys.executable).with_name("uv")
    command = (str(uv), "pip", "install", "-q", "--cache-dir", str(CACHE.parent / "uv"))
    name = "-".join(it.replace("==", "-") for it in wanted)
    return installed(
        name, *command, "--python", sys.executable, "--target", str(CACHE / name), *wanted
    )


async def run(*command: str, **environment: str) -> str:
    """What a client says that ends well; it fails the test that ends otherwise."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(RUN_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{command} took longer than {RUN_S} s")
    assert process.returncode == 0, said.decode()
    return said.decode().strip()


async def run_node(script: Path, client: Path, **environment: str) -> str:
    """What a script says that requires a client of Node's."""
    return await run("node", str(script), NODE_PATH=str(client / "node_modules"), **environment)
