"""`test`: every test, on real servers that are started for those that need them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from holdfast import daemon, distribution, leases
from holdfast.engine import session
from holdfast.instance import Instance, checkout

_INSTANCES = ("test", "test-s3")
_LINGER_S = "5"
_Containers = Annotated[
    bool, typer.Option("--containers", help="docker-compose.yml on a Docker engine, instead")
]
_KeepImages = Annotated[
    bool, typer.Option("--keep-images", help="keep the engine's files for the next --containers")
]


def test(
    context: typer.Context,
    containers: _Containers = False,  # noqa: PT028 - a command, no test
    keep_images: _KeepImages = False,  # noqa: PT028
) -> None:
    """Run every test; further arguments go to pytest: `./holdfast test services/escrow -k fee`."""
    if containers:
        raise typer.Exit(session.run(context.args, keep=keep_images))
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
