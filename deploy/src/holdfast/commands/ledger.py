"""`ledger check`: the proof that every cent is where the books say."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from holdfast import daemon, plan
from holdfast.access import Access
from holdfast.console import fail
from holdfast.instance import Instance
from holdfast.services import named

app = typer.Typer(no_args_is_help=True, help="The books: prove that the money adds up.")


@app.command()
def check() -> None:
    """Make every proof on one snapshot of the ledger; exit 0 if all hold, 1 if one does not.

    Works on a running instance; otherwise its database is started for the check.
    """
    instance = Instance.named()
    running = daemon.running(instance)
    try:
        state = running or daemon.ensure(instance, plan.SERVERS)
    except daemon.NotStarted as failure:
        fail(str(failure), f"./holdfast doctor, or read the logs in {instance.log}")
    try:
        access = Access(instance, state.urls["postgres"], state.urls["rabbitmq"])
        environment = {**os.environ, "HOLDFAST_DATABASE_URL": access.database_url(named("escrow"))}
        proof = [sys.executable, "-m", "escrow.ledger", "check"]
        made = subprocess.run(proof, env=environment, check=False, stderr=subprocess.PIPE)
    finally:
        if running is None:
            daemon.stop(instance)
    if made.returncode not in {0, 1} or made.stderr:
        fail("the books could not be read: there may be none yet", "./holdfast up, then try again")
    raise typer.Exit(made.returncode)


def register(parent: typer.Typer) -> None:
    """Add the command to the command line."""
    parent.add_typer(app, name="ledger")
