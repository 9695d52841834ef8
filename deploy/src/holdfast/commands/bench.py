"""`bench`: measure the running system and its parts beside hand-written minimums."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from holdfast.instance import checkout


def bench(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the figures there")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="one short run of each")] = False,
) -> None:
    """Measure throughput, latency, memory and start-up; medians over 3 runs. About 5 minutes."""
    arguments = ["--quick"] if quick else []
    if json_file is not None:
        arguments += ["--json", str(json_file.absolute())]
    root = checkout()
    child = subprocess.Popen(
        [sys.executable, "-m", "bench", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    while True:
        try:
            code = child.wait()
            raise typer.Exit(code if code >= 0 else 128 - code)
        except KeyboardInterrupt:  # the bench hears it too, and stops what it started
            continue


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(bench)
