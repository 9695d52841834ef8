"""Where one running copy of Holdfast keeps its files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "default"
_RESERVED = frozenset({"venv", "cache", "log", "run", "secrets", "data"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_UNPRIVILEGED_UID = 65534


class BadInstanceName(ValueError):
    """The instance's name cannot be used as a folder of its own."""


def checkout() -> Path:
    """The folder of the repository this code runs from."""
    given = os.environ.get("HOLDFAST_ROOT")
    return Path(given).resolve() if given else Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Instance:
    """One running copy: its own ports, data, logs and secrets."""

    root: Path
    name: str = DEFAULT
    secrets_folder: Path | None = None

    @classmethod
    def named(cls, name: str | None = None) -> Instance:
        """The instance asked for, else the one in HOLDFAST_INSTANCE, else the default."""
        chosen = name or os.environ.get("HOLDFAST_INSTANCE") or DEFAULT
        if not _NAME.fullmatch(chosen) or chosen in _RESERVED:
            raise BadInstanceName(
                f"instance name {chosen!r} is not usable: take lower-case letters, digits and "
                f"dashes, and none of {', '.join(sorted(_RESERVED))}"
            )
        return cls(checkout(), chosen)

    @property
    def home(self) -> Path:
        """The instance's own folder."""
        base = self.root / ".holdfast"
        return base if self.name == DEFAULT else base / self.name

    @property
    def command(self) -> str:
        """How the command line is called for this instance."""
        return "./holdfast" if self.name == DEFAULT else f"./holdfast --instance {self.name}"

    @property
    def run(self) -> Path:
        """The folder of locks and of the state file."""
        return _made(self.home / "run")

    @property
    def log(self) -> Path:
        """The folder of logs, one file per process."""
        return _made(self.home / "log")

    @property
    def secrets(self) -> Path:
        """The folder of generated secrets, closed to others."""
        given = os.environ.get("HOLDFAST_SECRETS_DIR")
        elsewhere = self.secrets_folder or (Path(given) if given else None)
        return elsewhere or _made(self.home / "secrets", 0o700)

    @property
    def state_file(self) -> Path:
        """The JSON file that says what runs and where."""
        return self.run / "state.json"

    @property
    def mark(self) -> str:
        """The value of HOLDFAST_MARK by which this instance's processes are recognised."""
        return str(self.home)

    @property
    def data(self) -> Path:
        """The folder of the servers' data, reachable by the user they run as."""
        return _made(self._reachable() / "data")

    @property
    def cache(self) -> Path:
        """The folder of unpacked programs, shared by all instances of the checkout."""
        return _made(Instance(self.root)._reachable() / "cache")

    @property
    def unfit(self) -> str | None:
        """Why the servers cannot live in the checkout as it is, or None when they can."""
        if self._is_closed:
            return f"{self.root} is closed to others: the servers' data are in {self.outside}"
        if " " in str(self.root):
            return (
                f"{self.root} has a space in it, which RabbitMQ's scripts do not take: "
                f"the servers come by the link {self.outside}"
            )
        return None

    @property
    def outside(self) -> Path:
        """Where the servers' files are, or are reached, when the checkout is unfit for them."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"holdfast-{digest}"  # noqa: S108 - its owner is checked

    @property
    def _is_closed(self) -> bool:
        return os.geteuid() == 0 and not is_traversable(self.root)

    def _reachable(self) -> Path:
        if self.unfit is None:
            return self.home
        if self._is_closed:
            made = _made(self.outside)
        else:
            made = _linked(self.outside, _made(self.root / ".holdfast"))
        if made.lstat().st_uid != os.geteuid() or (self._is_closed and made.is_symlink()):
            raise PermissionError(f"{made} belongs to somebody else: remove it and start again")
        return made if self.name == DEFAULT else _made(made / self.name)


def is_traversable(path: Path) -> bool:
    """Whether any user may walk down to the path."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def server_user() -> int | None:
    """The user id that servers refusing to run as root run as; None when we are not root."""
    return _UNPRIVILEGED_UID if os.geteuid() == 0 else None


def hand_over(path: Path) -> None:
    """Give a folder to the user the servers run as."""
    user = server_user()
    if user is not None:
        os.chown(path, user, user)


def _linked(path: Path, target: Path) -> Path:
    with contextlib.suppress(FileExistsError):
        path.symlink_to(target)
    if path.is_symlink() and path.resolve() != target:
        raise PermissionError(f"{path} leads elsewhere: remove it and start again")
    return path


def _made(path: Path, mode: int = 0o755) -> Path:
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True, mode=mode)
        path.chmod(mode)
    return path
