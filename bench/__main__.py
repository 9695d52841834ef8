"""`python -m bench [run | growth | compare]`; `./holdfast bench` is the way in for people."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from holdfast import daemon, limits
from holdfast.console import err, out
from rich.markup import escape

from bench import tables
from bench.growth import table
from bench.growth.run import Growth, RedBooks, TooLittleRoom
from bench.plan import FULL, QUICK
from bench.run import Bench, NotCounted, each_statement


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


def statements(arguments: argparse.Namespace) -> None:
    """Print which statements a trade costs."""
    rows = each_statement(arguments.trades, FULL.at_once)
    total = sum(float(row[1]) for row in rows)
    heads = ("service", "calls a trade", "ms a trade", "statement")
    out.print(tables.markdown(heads, rows), highlight=False, markup=False)
    out.print(
        f"{total:.0f} statements a trade, polling and the moments after the last one included"
    )


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
    listed = commands.add_parser("statements")
    listed.add_argument("--trades", type=int, default=FULL.trades)
    listed.set_defaults(work=statements)
    two = commands.add_parser("compare")
    two.add_argument("files", nargs=2, type=Path, metavar="FILE")
    two.set_defaults(work=compare)
    return parser.parse_args()


def main() -> None:
    """Read the arguments and do what they ask for."""
    arguments = _arguments()
    limits.allow_open_files()
    try:
        arguments.work(arguments)
    except daemon.NotStarted as failure:
        _end(failure, "./holdfast doctor")
    except NotCounted as failure:
        _end(failure, "use a PostgreSQL with pg_stat_statements")
    except (TooLittleRoom, RedBooks) as failure:
        _end(failure, "read bench/README.md on growth")
    except KeyboardInterrupt:
        err.print("stopped; nothing was written")
        sys.exit(130)


def _end(failure: Exception, next_step: str) -> None:
    err.print(f"[bold red]holdfast:[/] {escape(str(failure))}\n  next: {next_step}")
    sys.exit(1)


if __name__ == "__main__":
    main()
