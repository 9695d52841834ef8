"""`clean`: give back the room that earlier runs took."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from holdfast import daemon, reaper
from holdfast.console import err, fail, out
from holdfast.instance import DEFAULT, Instance, checkout

_MEBIBYTE = 1024**2
_UNPACKED = ("rabbitmq-4", "postgres-", "pgbouncer")
"""How the names of programs begin that this version unpacks into the cache."""


def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="the whole of .holdfast: data and secrets too")
    ] = False,
) -> None:
    """Remove what tests, other instances and versions left; with --all everything, data too."""
    root = checkout()
    instances = [Instance(root), *_others(root)]
    running = [it.name for it in instances if daemon.supervisor_pid(it) is not None]
    if everything and running:
        names = " and ".join(f"./holdfast --instance {it} down" for it in running)
        fail(f"{', '.join(running)} runs, and nothing was removed", names)
    for it in instances:
        if it.name not in running:
            reaper.clear(it.mark)
    left = [*_left(instances, running), *_outdated(root)]
    chosen = list(_all(root)) if everything else left
    seen: set[int] = set()
    freed = 0
    for path in chosen:
        size = _size(path, seen)
        freed += size
        _remove(path)
        out.print(f"{size / _MEBIBYTE:8.1f} MB  {path}")
    err.print(f"freed {freed / _MEBIBYTE:.1f} MB" if chosen else "nothing to remove")


def _others(root: Path) -> Iterator[Instance]:
    """The instances but for the default one: folders that have run something."""
    for folder in sorted((root / ".holdfast").iterdir()):
        if (folder / "run").is_dir() and folder.name != DEFAULT:
            yield Instance(root, folder.name)


def _left(instances: list[Instance], running: list[str]) -> Iterator[Path]:
    for it in instances[1:]:
        if it.name not in running:
            yield it.home
            if it.outside.is_dir() and not it.outside.is_symlink():
                yield it.outside / it.name


def _outdated(root: Path) -> Iterator[Path]:
    """What was fetched and is no longer looked at."""
    cache = root / ".holdfast" / "cache"
    if cache.is_dir():
        yield from (it for it in sorted(cache.iterdir()) if not it.name.startswith(_UNPACKED))


def _all(root: Path) -> Iterator[Path]:
    """The environment last: it runs this."""
    own = root / ".holdfast"
    yield from sorted(own.iterdir(), key=lambda it: (it.name == "venv", it.name))
    outside = Instance(root).outside
    if outside.is_symlink() or outside.exists():
        yield outside


def _size(path: Path, seen: set[int]) -> int:
    """What removing it frees: a file with several names counts once."""
    files = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    total = 0
    for file in files:
        found = file.lstat()
        if found.st_ino not in seen:
            seen.add(found.st_ino)
            total += found.st_blocks * 512
    return total


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(clean)
