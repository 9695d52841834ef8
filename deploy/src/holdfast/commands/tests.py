"""`test`: every test, on real servers that are started for those that need them."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from holdfast import daemon, distribution, leases
from holdfast.instance import Instance, checkout

_INSTANCES = ("test", "test-s3")
_LINGER_S = "5"


def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest: `./holdfast test services/escrow -k fee`."""
    held = [Instance.named(name) for name in _INSTANCES]
    taken = [leases.take(instance) for instance in held]
    try:
        code = _pytest(context.args)
    finally:
        for lease in taken:
            leases.release(lease)
        for instance in held:
            if not leases.holders(instance):
                daemon.stop(instance)
    raise typer.Exit(code)


def _pytest(arguments: list[str]) -> int:
    ours = ["--durations=10", *distribution.arguments(arguments)]
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", *ours, *arguments],
        cwd=checkout(),
        env={"HOLDFAST_TEST_LINGER_S": _LINGER_S, **os.environ},
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
