"""PgBouncer before the test server: the system's, or Debian 13's unpacked with its libraries."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from holdfast import probes
from holdfast.instance import Instance, hand_over, server_user
from holdfast.servers import apt
from holdfast.state import lock

OLDEST = (1, 21)
"""Since then it knows prepared statements in transaction mode."""
_PACKAGES = (
    "pgbouncer", "libc6", "libevent-2.1-7t64", "libcares2", "libssl3t64", "libsystemd0", "libpam0g",
    "libldap2", "libsasl2-2", "libaudit1", "libcap-ng0", "libcap2", "libzstd1", "zlib1g",
)  # fmt: skip
_CONFIGURATION = """\
[databases]
* = host={host} port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = {pool_size}
max_client_conn = 500
"""


class NoPooler(RuntimeError):
    """No PgBouncer is to be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class _Program:
    command: tuple[str, ...]

    def version(self) -> tuple[int, ...]:
        said = subprocess.run(
            [*self.command, "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
        return tuple(map(int, found.groups())) if found else ()


@contextlib.asynccontextmanager
async def pooled(database_url: str, port: int, pool_size: int) -> AsyncIterator[str]:
    """The database by way of PgBouncer in transaction mode, with so many connections behind it.

    Raises NoPooler where there is none and none can be unpacked.
    """
    program = await asyncio.to_thread(_program)
    parts = urlsplit(database_url)
    with tempfile.TemporaryDirectory() as name:
        _configure(Path(name), parts, port, pool_size)
        running = await asyncio.create_subprocess_exec(
            *program.command,
            "pgbouncer.ini",
            cwd=name,
            user=server_user(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _answers(running, port)
            place = f"{parts.username}:{parts.password}@127.0.0.1:{port}"
            yield urlunsplit(parts._replace(netloc=place))
        finally:
            if running.returncode is None:
                running.terminate()
            await running.wait()


def _configure(folder: Path, server: SplitResult, port: int, pool_size: int) -> None:
    values = {"host": server.hostname, "server_port": server.port, "port": port}
    text = _CONFIGURATION.format(**values, folder=folder, pool_size=pool_size)
    (folder / "pgbouncer.ini").write_text(text, encoding="utf-8")
    (folder / "users").write_text(f'"{server.username}" "{server.password}"\n', encoding="utf-8")
    for each in (folder, *folder.iterdir()):
        hand_over(each)


async def _answers(running: asyncio.subprocess.Process, port: int) -> None:
    answers = probes.tcp(port)
    async with asyncio.timeout(30):
        while not await answers():
            if running.returncode is not None:
                raise RuntimeError(f"PgBouncer ended with {running.returncode}")
            await asyncio.sleep(0.05)


def _program() -> _Program:
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found and (system := _Program((found,))).version() >= OLDEST:
        return system
    target = Instance.named("test").cache / "pgbouncer"
    with lock(target.with_suffix(".lock"), wait=True) or contextlib.nullcontext():
        if not target.exists():
            _unpack(target)
    (loader,) = target.glob("usr/lib*/ld-linux*.so.*")
    (libraries,) = target.glob("usr/lib/*-linux-gnu*")
    return _Program((str(loader), "--library-path", str(libraries), f"{target}/usr/sbin/pgbouncer"))


def _unpack(target: Path) -> None:
    fresh = target.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        apt.unpack(_PACKAGES, fresh)
    except apt.NoPackages as lack:
        raise NoPooler(f"no PgBouncer {'.'.join(map(str, OLDEST))} or newer, and {lack}") from lack
    fresh.rename(target)
