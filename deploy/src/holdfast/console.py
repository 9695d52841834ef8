"""How the command line speaks: to people on standard error, results on standard output."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def fail(message: str, next_step: str = "") -> NoReturn:
    """Say what went wrong and what to do next, and end with status 1."""
    err.print(f"[bold red]holdfast:[/] {escape(message)}")
    if next_step:
        err.print(f"  next: {escape(next_step)}")
    raise typer.Exit(1)
