"""`python -m bench [run | growth | compare]`; `./holdfast bench` is the way in for people."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from holdfast import daemon
from holdfast.console import err, fail, out

from bench import machine, tables
from bench.growth import table
from bench.growth.run import Growth, RedBooks, TooLittleRoom
from bench.plan import FULL, QUICK
from bench.run import Bench


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table, write JSON."""
    figures = Bench(QUICK if arguments.quick else FULL).run()
    _keep(figures, arguments.json)
    out.print(tables.terminal(tables.ONE, tables.of_one(figures), tables.run_of(figures)))


def compare(arguments: argparse.Namespace) -> None:
    """Print what two runs measured, side by side."""
    before, after = (json.loads(it.read_text("utf-8")) for it in arguments.files)
    out.print(tables.terminal(tables.TWO, tables.of_two(before, after), tables.run_of(after)))


def grow(arguments: argparse.Namespace) -> None:
    """Measure the same work with few and with many rows in the tables."""
    figures = Growth(arguments.escrows).run()
    _keep(figures, arguments.json)
    heads, rows = table.rows(figures)
    out.print(tables.terminal(heads, rows, tables.machine_of(figures)))
    for failure in table.failures(figures):
        err.print(f"not measured: {failure}")


def _sizes(text: str) -> list[int]:
    return [int(it) for it in text.split(",")]


def _keep(figures: dict[str, Any], file: Path | None) -> None:
    if file is not None:
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="holdfast bench")
    commands = parser.add_subparsers(required=True)
    whole = commands.add_parser("run")
    whole.add_argument("--json", type=Path, metavar="FILE")
    whole.add_argument("--quick", action="store_true")
    whole.set_defaults(work=run)
    growth = commands.add_parser("growth")
    growth.add_argument("--json", type=Path, metavar="FILE")
    growth.add_argument("--escrows", type=_sizes, required=True)
    growth.set_defaults(work=grow)
    two = commands.add_parser("compare")
    two.add_argument("files", nargs=2, type=Path, metavar="FILE")
    two.set_defaults(work=compare)
    return parser.parse_args()


def main() -> None:
    """Read the arguments and do what they ask for."""
    arguments = _arguments()
    machine.allow_open_files()
    try:
        arguments.work(arguments)
    except daemon.NotStarted as failure:
        fail(str(failure), "./holdfast doctor")
    except (TooLittleRoom, RedBooks) as failure:
        fail(str(failure), "read bench/README.md on growth")
    except KeyboardInterrupt:
        err.print("stopped; nothing was written")
        sys.exit(130)


if __name__ == "__main__":
    main()
