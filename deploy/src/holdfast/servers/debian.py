"""RabbitMQ and Erlang unpacked from Debian's packages: no root, no change to the system."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Programs:
    """A RabbitMQ installation; `unpacked` is the folder still to fill, or None if it is there."""

    home: Path
    unpacked: Path | None

    @property
    def erlang(self) -> Path | None:
        """The folder of Erlang's programs that must come first in PATH."""
        return self.unpacked / "usr/lib/erlang/bin" if self.unpacked else None

    def unpack(self) -> None:
        """Fetch and unpack the packages unless that was done before."""
        if self.unpacked is None or self.unpacked.exists():
            return
        with lock(self.unpacked.with_suffix(".lock"), wait=True) or open(os.devnull):
            if not self.unpacked.exists():
                _unpack(self.unpacked)


def programs(cache: Path) -> Programs:
    """The RabbitMQ that Debian's packages hold, unpacked or to be unpacked in the cache."""
    version = _candidate()
    folder = cache / f"rabbitmq-{version}"
    home = folder / "usr/lib/rabbitmq/lib" / f"rabbitmq_server-{version}"
    return Programs(home, folder)


def _candidate() -> str:
    """The upstream version that apt would download."""
    if shutil.which("apt-cache") is None or shutil.which("dpkg-deb") is None:
        raise ServerUnavailable(f"no RabbitMQ, and no Debian packages here: {_ADVICE}")
    said = subprocess.run(
        ["apt-cache", "policy", "rabbitmq-server"],
        capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"},
    ).stdout  # fmt: skip
    for line in said.splitlines():
        word, _, version = line.strip().partition(": ")
        if word == "Candidate" and version != "(none)":
            return version.rpartition(":")[2].split("-")[0].split("+")[0]
    raise ServerUnavailable(f"apt knows no rabbitmq-server (run `apt-get update`?): {_ADVICE}")


def _unpack(target: Path) -> None:
    fresh = target.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    packages = fresh / "packages"
    packages.mkdir(parents=True)
    fetched = subprocess.run(
        ["apt-get", "download", "-o", "APT::Sandbox::User=root", *_PACKAGES],
        cwd=packages, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if fetched.returncode:
        raise ServerUnavailable(f"apt-get download failed: {fetched.stderr.strip()}\n{_ADVICE}")
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, fresh], check=True)
    shutil.rmtree(packages)
    fresh.chmod(0o755)
    _relocate(fresh / "usr/lib/erlang", target / "usr/lib/erlang")
    fresh.rename(target)


def _relocate(erlang: Path, final: Path) -> None:
    """Point Erlang's start scripts at their new place; they ignore the environment."""
    for script in (*erlang.glob("bin/*"), *erlang.glob("erts-*/bin/*")):
        if script.is_file() and not script.is_symlink():
            content = script.read_bytes()
            if content.startswith(b"#!"):
                script.write_bytes(content.replace(b"/usr/lib/erlang", str(final).encode()))
