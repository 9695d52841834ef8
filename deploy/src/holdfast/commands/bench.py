"""`bench`: measure the running system and its parts beside hand-written minimums."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from holdfast.instance import checkout

app = typer.Typer(help="Measure; two runs can be compared.")
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="write the figures there")
]


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    json_file: Json = None,
    quick: Annotated[bool, typer.Option("--quick", help="one short run of each")] = False,
) -> None:
    """Measure throughput, latency, cost, memory and start-up; medians over 3 runs. ~8 minutes."""
    if context.invoked_subcommand is None:
        _measure("run", *(["--quick"] if quick else []), *_json(json_file))


@app.command()
def growth(
    escrows: Annotated[
        str, typer.Option(help="numbers of escrows, the last the largest, divisible by 20")
    ] = "10000,1000000",
    json_file: Json = None,
) -> None:
    """Fill the tables and measure the same work at each size. 10^6: ~10 minutes and 25 GB."""
    _measure("growth", "--escrows", escrows, *_json(json_file))


@app.command()
def statements(
    trades: Annotated[int, typer.Option(min=1, help="how many trades to spread them over")] = 30,
) -> None:
    """List the SQL statements of a trade, by service and how often. About a minute."""
    _measure("statements", "--trades", str(trades))


@app.command()
def compare(before: Path, after: Path) -> None:
    """Show what two runs measured (their `--json` files), side by side."""
    _measure("compare", str(before.absolute()), str(after.absolute()))


def _json(file: Path | None) -> list[str]:
    return ["--json", str(file.absolute())] if file is not None else []


def _measure(*arguments: str) -> None:
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


def register(parent: typer.Typer) -> None:
    """Add the command to the command line."""
    parent.add_typer(app, name="bench")
