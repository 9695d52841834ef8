"""`logs`: what the processes wrote."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from holdfast.console import fail
from holdfast.instance import Instance

_POLL_S = 0.2


def logs(
    service: Annotated[
        str | None, typer.Argument(help="one process, by its name in `status`")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="how many of the last")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until Ctrl-C")] = False,
) -> None:
    """Show the last log lines of one process, or of all."""
    folder = Instance.named().log
    files = sorted(folder.glob("*.log"))
    chosen = [it for it in files if service in (None, it.stem)]
    if not chosen:
        known = ", ".join(it.stem for it in files) or "none yet"
        fail(f"no log of {service or 'anything'} in {folder}", f"choose one of: {known}")
    for file in chosen:
        for line in _last(file, lines):
            _show(file, line, alone=len(chosen) == 1)
    if follow:
        _follow(chosen)


def _last(file: Path, lines: int) -> list[str]:
    with file.open(encoding="utf-8", errors="replace") as text:
        return list(deque(text, maxlen=lines))


def _follow(files: list[Path]) -> None:
    handles = [(it, it.open(encoding="utf-8", errors="replace")) for it in files]
    for _, handle in handles:
        handle.seek(0, 2)
    try:
        while True:
            fresh = [(file, line) for file, handle in handles for line in handle]
            for file, line in fresh:
                _show(file, line, alone=len(files) == 1)
            if not fresh:
                time.sleep(_POLL_S)
    except KeyboardInterrupt:
        return


def _show(file: Path, line: str, *, alone: bool) -> None:
    typer.echo(line.rstrip("\n") if alone else f"{file.stem:<18} | {line.rstrip()}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(logs)
