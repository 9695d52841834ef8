"""Docker's programs, unpacked from Debian's packages: nothing is installed on the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from holdfast.engine import NoEngine
from holdfast.servers import ServerUnavailable, apt, find_program

# Of the machine's own release, so that they fit its libraries.
_ENGINE = (
    "docker.io containerd runc tini iptables libip4tc2 libip6tc2 libxtables12 libmnl0 "
    "libnfnetlink0 libnetfilter-conntrack3 libnftnl11 libseccomp2 libdevmapper1.02.1"
).split()
_SPLIT_OFF = {"bookworm": (), "trixie": ("docker-cli",)}
"""What each release has in packages beside these; another release is not known to work."""
# Of the newer release: an older one has none of them, and these fit both.
_TOOLS = ("docker-compose", "docker-buildx", "debootstrap")
_NEEDED = ("apt-get", "dpkg-deb", "setpriv", "unshare", "mount", "wget", "tar")


@dataclass(frozen=True, slots=True)
class Programs:
    """The engine and its tools in a folder."""

    folder: Path

    @property
    def debootstrap(self) -> Path:
        """The program that makes a Debian from its packages."""
        return self._tools / "usr/sbin/debootstrap"

    def unpack(self) -> None:
        """Fetch and unpack what is missing."""
        for folder, packages, release in (
            (self._engine, (*_ENGINE, *_SPLIT_OFF[apt.machine_release()]), apt.machine_release()),
            (self._tools, _TOOLS, apt.RELEASE),
        ):
            fresh = folder.with_suffix(".new")
            if not folder.exists():
                apt.unpack(packages, fresh, release)
                fresh.rename(folder)
        self._link(self._engine / "usr/sbin/iptables", self._engine / "usr/sbin/xtables-nft-multi")
        self._link(self._plugins, self._tools / "usr/libexec/docker/cli-plugins")

    def for_clients(self) -> dict[str, str]:
        """What a process needs in its environment to find the programs before the system's."""
        path = os.environ.get("PATH", "/usr/bin:/bin")
        ours = ":".join(str(self._engine / it) for it in ("usr/bin", "usr/sbin"))
        return {
            "PATH": f"{ours}:{path}:/usr/sbin:/sbin",
            "DOCKER_CONFIG": str(self._plugins.parent),
            "DEBOOTSTRAP_DIR": str(self._tools / "usr/share/debootstrap"),
        }

    def for_engine(self) -> dict[str, str]:
        """The same for the engine, which needs libraries that the system may not have."""
        [libraries] = self._engine.glob("usr/lib/*-linux-gnu*")
        beside = self._engine / libraries.relative_to(self._engine / "usr")
        return {
            **self.for_clients(),
            "LD_LIBRARY_PATH": f"{libraries}:{beside}",
            "XTABLES_LIBDIR": str(libraries / "xtables"),
        }

    @property
    def _engine(self) -> Path:
        return self.folder / "engine"

    @property
    def _tools(self) -> Path:
        return self.folder / "tools"

    @property
    def _plugins(self) -> Path:
        return self.folder / "client" / "cli-plugins"

    @staticmethod
    def _link(path: Path, target: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def demand() -> None:
    """Refuse a machine where no engine of our own can run; the refusal names what it lacks."""
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine answers, and only root can start one")
    try:
        release = apt.machine_release()
        for tool in _NEEDED:
            find_program(tool, f"no Docker engine answers, and there is no {tool} to set one up")
    except (apt.NoPackages, ServerUnavailable) as lack:
        raise NoEngine(str(lack)) from lack
    if release not in _SPLIT_OFF:
        raise NoEngine(f"no Docker engine answers, and none is known to fit Debian {release}")
