"""`test`: every test, on real servers that are started for it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import typer

from holdfast import daemon, distribution, leases, plan
from holdfast.console import err, fail
from holdfast.instance import Instance, checkout

_SERVERS = {"test": plan.SERVERS, "test-s3": plan.S3}
_NAMES = {
    "postgres": "POSTGRES_URL",
    "rabbitmq": "RABBITMQ_URL",
    "rabbitmq_management": "RABBITMQ_MANAGEMENT_URL",
    "s3": "S3_ENDPOINT",
    "s3_access_key": "S3_ACCESS_KEY",
    "s3_secret_key": "S3_SECRET_KEY",
}
_LINGER_S = 5.0


def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest: `./holdfast test services/escrow -k fee`."""
    held = [(Instance.named(name), kind) for name, kind in _SERVERS.items()]
    taken = [(instance, leases.take(instance)) for instance, _ in held]
    try:
        with err.status("starting the servers of the tests"), ThreadPoolExecutor() as pool:
            states = list(
                pool.map(lambda it: daemon.ensure(it[0], daemon.Wish(it[1], _LINGER_S)), held)
            )
        urls = {name: url for state in states for name, url in state.urls.items()}
        code = _pytest(context.args, urls)
    except daemon.NotStarted as failure:
        fail(str(failure), "./holdfast doctor")
    finally:
        for instance, lease in taken:
            leases.release(lease)
            if not leases.holders(instance):
                daemon.stop(instance)
    raise typer.Exit(code)


def _pytest(arguments: list[str], urls: dict[str, str]) -> int:
    environment = {
        f"HOLDFAST_TEST_{name}": urls[key] for key, name in _NAMES.items() if key in urls
    }
    ours = ["--durations=10", *distribution.arguments(arguments)]
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", *ours, *arguments],
        cwd=checkout(),
        env={**os.environ, **environment},
    )
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # pytest hears it too and ends in its own way
            continue


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name="test", context_settings=settings)(test)
