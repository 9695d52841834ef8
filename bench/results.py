"""Writes RESULTS.md from what `bench --json` and `bench growth --json` wrote.

`python -m bench.results FILE [--before FILE] [--growth FILE [--growth-before FILE]]`
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import tables
from bench.growth import table
from bench.lines import Figures


@dataclass(frozen=True, slots=True)
class Grown:
    """A run of `bench growth`, and an earlier one to stand beside it."""

    figures: Figures
    before: Figures | None = None


def document(
    figures: Figures, before: Figures | None, bounds: str, grown: Grown | None = None
) -> str:
    """The whole text: machine, figures, processes, growth, bounds; with what was before."""
    one = tables.ONE, tables.of_one(figures)
    parts = [
        "# Results\n",
        _measured(figures),
        *([_compared(before)] if before else []),
        _versions(figures["machine"]),
        tables.markdown(*((tables.TWO, tables.of_two(before, figures)) if before else one)),
        "## Each process\n",
        tables.markdown(*tables.processes(figures, before)),
        *([_growth(grown)] if grown else []),
        bounds,
    ]
    return "\n".join(parts)


def _measured(figures: Figures) -> str:
    about = figures["machine"]
    return (
        f"Measured on {about['date']} at commit {about['commit']}: medians over "
        f"{figures['runs']} runs of `./holdfast bench`, {figures['bench_s']:.0f} s in all. "
        f"Machine: {about['cores']} cores of {about['cpu']}, {about['ram_gb']} GB, {about['os']}, "
        f"Linux {about['kernel']}; everything, the driver too, shares those cores. "
        f"Programs that have nothing to do with it took {figures['cores_taken_by_others']:.1f} "
        "cores while it ran. Three numbers are p50 / p95 / p99.\n"
    )


def _compared(before: Figures) -> str:
    about = before["machine"]
    return (
        f"*Before* is commit {about['commit']}, measured on {about['date']}; others took "
        f"{before['cores_taken_by_others']:.1f} cores. *now / before* compares ours, or the p95.\n"
    )


def _growth(grown: Grown) -> str:
    about = grown.figures["machine"]
    failed = "".join(f"\nNot measured: {it}.\n" for it in table.failures(grown.figures))
    return (
        "## Growth\n\n"
        f"`./holdfast bench growth` at commit {about['commit']}, {about['date']}. What goes "
        "through everything is judged by what one escrow, entry or row costs.\n\n"
        f"{tables.markdown(*table.rows(grown.figures, grown.before))}{failed}"
    )


def _versions(about: Mapping[str, str]) -> str:
    skipped = ("cpu", "cores", "ram_gb", "os", "kernel", "date", "commit")
    return (
        "Versions: " + ", ".join(f"{k} {v}" for k, v in about.items() if k not in skipped) + ".\n"
    )


def main() -> None:
    """Read the files that the arguments name and write the document to standard output."""
    parser = argparse.ArgumentParser(prog="bench.results")
    parser.add_argument("figures", type=_figures)
    for name in ("--before", "--growth", "--growth-before"):
        parser.add_argument(name, type=_figures)
    given = parser.parse_args()
    grown = Grown(given.growth, given.growth_before) if given.growth else None
    bounds = Path(__file__).with_name("BOUNDS.md").read_text(encoding="utf-8")
    sys.stdout.write(document(given.figures, given.before, bounds, grown))


def _figures(path: str) -> Figures:
    found: Figures = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
