"""The command line of Holdfast: `./holdfast COMMAND`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from holdfast.commands import (
    bench,
    check,
    demo,
    dlq,
    docs,
    doctor,
    ledger,
    lock,
    logs,
    migrate,
    new,
    routes,
    secrets,
    status,
    tests,
    up,
)
from holdfast.console import fail
from holdfast.instance import BadInstanceName, Instance

app = typer.Typer(
    name="holdfast",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Escrow for digital goods: run it, test it, look after it.",
)
for command in (
    up,
    demo,
    bench,
    status,
    logs,
    doctor,
    check,
    tests,
    ledger,
    dlq,
    migrate,
    new,
    docs,
    routes,
    secrets,
    lock,
):
    command.register(app)


@app.callback()
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


if __name__ == "__main__":
    app(prog_name="holdfast")
