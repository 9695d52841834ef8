"""Writes RESULTS.md from what `bench --json` wrote: `python -m bench.results FILE [BEFORE]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench import tables
from bench.lines import Figures


def document(figures: Figures, before: Figures | None, bounds: str) -> str:
    """The whole text: machine, figures, processes, bounds; with those of before, if given."""
    one = tables.ONE, tables.of_one(figures)
    parts = [
        "# Results\n",
        _measured(figures),
        *([_compared(before)] if before else []),
        _versions(figures["machine"]),
        tables.markdown(*((tables.TWO, tables.of_two(before, figures)) if before else one)),
        "## Each process\n",
        tables.markdown(*tables.processes(figures, before)),
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


def _versions(about: Mapping[str, str]) -> str:
    skipped = ("cpu", "cores", "ram_gb", "os", "kernel", "date", "commit")
    return (
        "Versions: " + ", ".join(f"{k} {v}" for k, v in about.items() if k not in skipped) + ".\n"
    )


if __name__ == "__main__":
    measured = [json.loads(Path(it).read_text(encoding="utf-8")) for it in sys.argv[1:3]]
    bounds = Path(__file__).with_name("BOUNDS.md").read_text(encoding="utf-8")
    sys.stdout.write(document(measured[0], measured[1] if measured[1:] else None, bounds))
