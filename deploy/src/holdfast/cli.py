"""The command line of Holdfast: `./holdfast COMMAND`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from holdfast.console import err, fail
from holdfast.instance import BadInstanceName, Instance
from holdfast.state import BrokenState

# The module of each command, in the order of the help. A command's module loads what it needs,
# which takes time and may not be installed where another command runs (a container has no pytest).
_MODULES = {
    "up": "up", "down": "up", "act": "act", "demo": "demo", "bench": "bench", "status": "status",
    "logs": "logs", "doctor": "doctor", "check": "check", "test": "tests", "ledger": "ledger",
    "audit": "audit", "dlq": "dlq", "migrate": "migrate", "new": "new", "docs": "docs",
    "routes": "routes", "secrets": "secrets", "lock": "lock", "clean": "clean",
}  # fmt: skip


_REFUSED = {
    errno.EACCES: "run it as the owner of the checkout, or make a clone of your own",
    errno.EPERM: "run it as the owner of the checkout, or make a clone of your own",
    errno.EROFS: "copy the checkout to where you may write, and start it there",
    errno.ENOSPC: "make room; ./holdfast doctor says how much is needed",
}


def command_line(words: Sequence[str]) -> typer.Typer:
    """The command line with the commands that the words may mean; all when they name none."""
    app = typer.Typer(
        name="holdfast",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
        help="Escrow for digital goods: run it, test it, look after it.",
    )
    app.callback()(choose)
    named = [_MODULES[it] for it in words if it in _MODULES]
    for module in dict.fromkeys(named or _MODULES.values()):
        import_module(f"holdfast.commands.{module}").register(app)
    return app


def choose(
    instance: Annotated[
        str | None,
        typer.Option(envvar="HOLDFAST_INSTANCE", help="a copy with data and ports of its own"),
    ] = None,
) -> None:
    """Remember which instance is meant."""
    if instance:
        os.environ["HOLDFAST_INSTANCE"] = instance
    try:
        Instance.named()
    except BadInstanceName as failure:
        fail(str(failure))


def main() -> None:
    """Run the command; what the machine refuses is told as a sentence."""
    try:
        command_line(sys.argv[1:])(prog_name="holdfast")
    except BrokenState as failure:
        _end(str(failure))
    except OSError as failure:
        if failure.errno not in _REFUSED:
            raise
        where = f"{failure.filename}: " if failure.filename else ""
        _end(f"{where}{failure.strerror or failure}; {_REFUSED[failure.errno]}")


def _end(message: str) -> NoReturn:
    err.print(f"[bold red]holdfast:[/] {escape(message)}")
    sys.exit(1)


if __name__ == "__main__":
    main()
