"""RabbitMQ and Erlang unpacked from Debian's packages: no root, no change to the system."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from holdfast.servers import ServerUnavailable
from holdfast.state import lock

_ERLANG = (
    "base asn1 crypto eldap ftp inets mnesia os-mon parsetools public-key runtime-tools snmp "
    "ssl syntax-tools tftp tools xmerl edoc eunit"
)
_PACKAGES = ("rabbitmq-server", "libsctp1", *(f"erlang-{part}" for part in _ERLANG.split()))
_ADVICE = (
    "set HOLDFAST_RABBITMQ_URL and HOLDFAST_RABBITMQ_MANAGEMENT_URL, start Docker, "
    "or install the package rabbitmq-server"
)
_TOOLS = ("apt-get", "dpkg-deb")


@dataclass(frozen=True, slots=True)
class Programs:
    """A RabbitMQ installation; `unpacked` is None for the system's own."""

    home: Path
    unpacked: Path | None

    @property
    def erlang(self) -> Path | None:
        """The folder of Erlang's programs that must come first in PATH."""
        return self.unpacked / "usr/lib/erlang/bin" if self.unpacked else None

    @property
    def complete(self) -> bool:
        """Whether the programs are there, made for the place where they are."""
        if self.unpacked is None:
            return True
        try:
            return _place(self.unpacked).read_text(encoding="utf-8") == str(self.unpacked)
        except FileNotFoundError:
            return False

    def unpack(self) -> None:
        """Fetch and unpack the packages unless that was done before."""
        if self.unpacked is None or self.complete:
            return
        with lock(self.unpacked.with_suffix(".lock"), wait=True) or contextlib.nullcontext():
            if not self.complete:
                _unpack(self.unpacked)


def programs(cache: Path) -> Programs:
    """The RabbitMQ that Debian's packages hold, unpacked or to be unpacked in the cache."""
    folder = cache / "rabbitmq"
    found = Programs(folder / "home", folder)
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing and not found.complete:
        raise ServerUnavailable(f"no RabbitMQ, and no {' and '.join(missing)} here: {_ADVICE}")
    return found


def _unpack(target: Path) -> None:
    fresh = target.with_suffix(".new")
    for folder in (fresh, target):
        shutil.rmtree(folder, ignore_errors=True)
    packages = fresh / "packages"
    packages.mkdir(parents=True)
    _download(packages)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, fresh], check=True)
    shutil.rmtree(packages)
    fresh.chmod(0o755)
    _relocate(fresh / "usr/lib/erlang", target / "usr/lib/erlang")
    (home,) = fresh.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*")
    (fresh / "home").symlink_to(home.relative_to(fresh))
    _place(fresh).write_text(str(target), encoding="utf-8")
    fresh.rename(target)


def _download(folder: Path) -> None:
    """Fetch with the system's package lists, else with lists of our own: those need no root."""
    try:
        _apt(folder, "download", *_PACKAGES)
    except ServerUnavailable:
        lists = folder / "lists"
        for name in ("lists/partial", "archives/partial"):
            (lists / name).mkdir(parents=True)
        own = (
            "-o", f"Dir::State::lists={lists}/lists", "-o", f"Dir::Cache={lists}",
            "-o", f"Dir::Cache::archives={lists}/archives",
        )  # fmt: skip
        _apt(folder, *own, "update")
        _apt(folder, *own, "download", *_PACKAGES)


def _apt(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *words],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ServerUnavailable(f"apt-get gives no RabbitMQ ({said[-1:]}): {_ADVICE}")


def _relocate(erlang: Path, final: Path) -> None:
    """Point Erlang's start scripts at their new place; they ignore the environment."""
    for script in (*erlang.glob("bin/*"), *erlang.glob("erts-*/bin/*")):
        if script.is_file() and not script.is_symlink():
            content = script.read_bytes()
            if content.startswith(b"#!"):
                script.write_bytes(content.replace(b"/usr/lib/erlang", str(final).encode()))


def _place(folder: Path) -> Path:
    return folder / ".place"
