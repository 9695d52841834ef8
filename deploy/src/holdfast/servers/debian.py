"""RabbitMQ 4 and Erlang unpacked from the packages of Debian 13: no root, no change to the system.

They come with the libraries they were built with, so that they run on an older Debian too.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.servers import ServerUnavailable, apt, find_program
from holdfast.state import lock

_ERLANG = (
    "base asn1 crypto eldap ftp inets mnesia os-mon parsetools public-key runtime-tools snmp "
    "ssl syntax-tools tftp tools xmerl edoc eunit"
)
_LIBRARIES = (
    "libc6 libtinfo6 zlib1g libssl3t64 libsctp1 libsystemd0 libgcc-s1 libstdc++6 libcap2 libzstd1 "
    "liblzma5 liblz4-1 libgcrypt20 libgpg-error0"
)
_PACKAGES = ("rabbitmq-server", *(f"erlang-{it}" for it in _ERLANG.split()), *_LIBRARIES.split())
_BUILT_FOR = "/usr/lib/erlang"
_TOOLS = ("apt-get", "dpkg-deb", "patchelf")
ADVICE = (
    "set HOLDFAST_RABBITMQ_URL and HOLDFAST_RABBITMQ_MANAGEMENT_URL to a broker of 4.0 or newer, "
    "start Docker, or install rabbitmq-server 4.0 or newer"
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A RabbitMQ installation; `unpacked` is None for the system's own."""

    home: Path
    unpacked: Path | None

    @property
    def erlang(self) -> Path:
        """The folder of Erlang's programs."""
        return (self.unpacked or Path("/")) / "usr/lib/erlang/bin"

    @property
    def complete(self) -> bool:
        """Whether the programs are there, made for the place where they are."""
        if self.unpacked is None:
            return True
        try:
            return _place(self.unpacked).read_text(encoding="utf-8") == str(self.unpacked)
        except FileNotFoundError:
            return False

    @property
    def described(self) -> str:
        """Where the programs are, or will be from."""
        return str(self.home) if self.complete else "Debian's packages, fetched at the first start"

    def unpack(self) -> None:
        """Fetch and unpack the packages unless that was done before."""
        if self.unpacked is None or self.complete:
            return
        with lock(self.unpacked.with_suffix(".lock"), wait=True) or contextlib.nullcontext():
            if not self.complete:
                _unpack(self.unpacked)


def programs(cache: Path) -> Programs:
    """The RabbitMQ that Debian's packages hold, unpacked or to be unpacked in the cache."""
    folder = cache / "rabbitmq-4"
    found = Programs(folder / "home", folder)
    if not found.complete:
        for tool in _TOOLS:
            find_program(tool, f"no RabbitMQ, and no {tool} to unpack one here: {ADVICE}")
    return found


def _unpack(target: Path) -> None:
    fresh = target.with_suffix(".new")
    for folder in (fresh, target):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        apt.unpack(_PACKAGES, fresh)
    except apt.NoPackages as lack:
        raise ServerUnavailable(f"no RabbitMQ, and {lack}: {ADVICE}") from lack
    for tables in fresh.glob("usr/lib/*-linux-gnu*/gconv"):  # Erlang converts no text by them
        shutil.rmtree(tables)
    _relocate(fresh, target)
    (home,) = fresh.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*")
    (fresh / "home").symlink_to(home.relative_to(fresh))
    _place(fresh).write_text(str(target), encoding="utf-8")
    fresh.rename(target)


def _relocate(fresh: Path, final: Path) -> None:
    """Point Erlang at its new place and at the libraries beside it, whatever the system has."""
    files = [it for it in (fresh / "usr/lib/erlang").rglob("*") if _is_plain(it)]
    place = shlex.quote(f"{final}{_BUILT_FOR}").encode()
    for script in (it for it in files if _starts_with(it, b"#!")):
        script.write_bytes(script.read_bytes().replace(_BUILT_FOR.encode(), place))
    binaries = [it for it in files if _starts_with(it, b"\x7fELF")]
    (loader,) = fresh.glob("usr/lib*/ld-linux*.so.*")
    (libraries,) = fresh.glob("usr/lib/*-linux-gnu*")
    where = final / libraries.relative_to(fresh)
    _patch(["--force-rpath", "--set-rpath", str(where)], binaries)
    interpreter = final / loader.relative_to(fresh)
    _patch(["--set-interpreter", str(interpreter)], (it for it in binaries if it.suffix != ".so"))


def _patch(change: Sequence[str], binaries: Iterable[Path]) -> None:
    subprocess.run([find_program("patchelf"), *change, *binaries], check=True)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _place(folder: Path) -> Path:
    return folder / ".place"
