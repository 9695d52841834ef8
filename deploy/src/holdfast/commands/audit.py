"""`audit check`: the proof that no service's audit log was changed, cut or forged."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from holdfast import daemon
from holdfast.access import Access
from holdfast.console import fail
from holdfast.instance import Instance
from holdfast.services import SERVICES
from holdfast.state import State

app = typer.Typer(no_args_is_help=True, help="The audit logs: prove that nobody changed one.")


@app.command()
def check() -> None:
    """Check each service's log by itself and against its heads under lock; exit 0 if all hold."""
    instance = Instance.named()
    state = daemon.running(instance)
    if state is None or "s3" not in state.urls:
        fail("the system does not run", "./holdfast up, then try again")
    access = Access(instance, state.urls["postgres"], state.urls["rabbitmq"])
    heads = _run(["contracts.locked_heads"], _storage(state))
    if heads.returncode:
        fail(f"the locked heads cannot be read: {heads.stderr.strip()}", "./holdfast doctor")
    codes = set()
    for service in SERVICES:
        given = {"HOLDFAST_DATABASE_URL": access.database_url(service)}
        made = _run(["chassis.audit_log", service.name], given, heads.stdout)
        print(made.stdout, end="")
        if made.returncode not in {0, 1}:
            fail(f"the log of {service.name} cannot be read", "./holdfast doctor, then try again")
        codes.add(made.returncode)
    raise typer.Exit(max(codes))


def _storage(state: State) -> dict[str, str]:
    return {
        "HOLDFAST_S3_ENDPOINT": state.urls["s3"],
        "HOLDFAST_S3_ACCESS_KEY": state.urls["s3_access_key"],
        "HOLDFAST_S3_SECRET_KEY": state.urls["s3_secret_key"],
        "HOLDFAST_S3_BUCKET": state.urls["s3_bucket"],
    }


def _run(
    module: list[str], given: dict[str, str], said: str = ""
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", *module]
    return subprocess.run(
        words, env={**os.environ, **given}, input=said, capture_output=True, text=True, check=False
    )


def register(parent: typer.Typer) -> None:
    """Add the command to the command line."""
    parent.add_typer(app, name="audit")
