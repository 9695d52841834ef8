"""Writes RESULTS.md from what `bench --json` wrote: `python -m bench.results FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import report


def document(figures: Mapping[str, Any], bounds: str) -> str:
    """The whole text: machine, figures, memory, CPU, bounds."""
    about = figures["machine"]
    parts = [
        "# Results\n",
        f"Measured on {about['date']} at commit {about['commit']}: medians over "
        f"{figures['runs']} runs of `./holdfast bench`, {figures['bench_s']:.0f} s in all. "
        f"Machine: {about['cores']} cores of {about['cpu']}, {about['ram_gb']} GB, {about['os']}, "
        f"Linux {about['kernel']}; everything, the driver too, shares those cores. "
        f"Programs that have nothing to do with it took {figures['cores_taken_by_others']:.1f} "
        "cores while it ran.\n",
        _versions(about),
        _rows(("figure", "ours", "minimum", "ratio", "target"), report.rows(figures)),
        "## Each process\n",
        _rows(("process", "RSS MB", "PSS MB", "CPU s per trade"), _processes(figures)),
        bounds,
    ]
    return "\n".join(parts)


def _versions(about: Mapping[str, str]) -> str:
    skipped = ("cpu", "cores", "ram_gb", "os", "kernel", "date", "commit")
    return (
        "Versions: " + ", ".join(f"{k} {v}" for k, v in about.items() if k not in skipped) + ".\n"
    )


def _processes(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rss, pss = figures["service_rss_mb"], figures["service_pss_mb"]
    spent = figures["cpu_s_per_trade_of"]
    by_cost = sorted(spent, key=lambda name: -spent[name])
    return [
        (
            name,
            f"{rss[name]:.0f}" if name in rss else "",
            f"{pss[name]:.0f}" if name in pss else "",
            f"{spent[name]:.3f}",
        )
        for name in by_cost
    ]


def _rows(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(it.strip() for it in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    measured = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    bounds = Path(__file__).with_name("BOUNDS.md").read_text(encoding="utf-8")
    sys.stdout.write(document(measured, bounds))
