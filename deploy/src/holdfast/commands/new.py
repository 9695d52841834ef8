"""`new`: begin something that has many places."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from holdfast.console import err, fail
from holdfast.instance import checkout
from holdfast.scaffold import CannotMake, NewService


def service(
    name: Annotated[str, typer.Argument(help="its folder, image, broker user and path below /v1")],
    noun: Annotated[str, typer.Option(help="what it is about, in the singular")] = "item",
) -> None:
    """Make a service with every room, reached at /v1/NAME and tested: then make it yours."""
    root = checkout()
    try:
        written = NewService(root, name, noun).make()
    except CannotMake as refusal:
        fail(str(refusal), "./holdfast new service --help")
    home = f"services/{name}"
    for words in (
        ["ruff", "check", "--fix", "--quiet", home],  # the order of imports depends on the names
        ["ruff", "format", "--quiet", home],
        ["holdfast.cli", "routes"],  # this process read the list of services before it grew
    ):
        subprocess.run([sys.executable, "-m", *words], cwd=root, check=True)
    for path in written:
        err.print(f"  {path}", highlight=False)
    err.print(f"next: ./holdfast docs, then ./holdfast test services/{name}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Begin a service.")
    group.callback()(_group)
    group.command()(service)
    app.add_typer(group, name="new")


def _group() -> None:
    """Begin a service."""
