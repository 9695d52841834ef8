"""Tables of figures: one run, or two side by side; for a terminal and for RESULTS.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bench.lines import LINES, NONE, Figures, Line, part, value

Rows = list[tuple[str, ...]]
ONE = ("figure", "ours", "minimum", "ratio", "target")
TWO = ("figure", "before", "now", "now / before", "minimum", "ratio before", "ratio", "target")


def of_one(figures: Figures) -> Rows:
    """Each figure beside the minimum's and the target."""
    return [
        (line.words, value(found), part(found, "minimum"), part(found, "ratio"),
         line.verdict(figures))
        for line in LINES
        if (found := line.find(figures)) is not None
    ]  # fmt: skip


def of_two(before: Figures, after: Figures) -> Rows:
    """Each figure before and now, how it changed, and its ratio to each run's own minimum."""
    return [_beside(line, before, after) for line in LINES]


def _beside(line: Line, before: Figures, after: Figures) -> tuple[str, ...]:
    was, is_ = line.find(before), line.find(after)
    return (
        line.words, value(was), value(is_), _change(was, is_), part(is_, "minimum"),
        part(was, "ratio"), part(is_, "ratio"), line.verdict(after),
    )  # fmt: skip


def _change(was: Any, is_: Any) -> str:
    before, after = _main(was), _main(is_)
    return f"{after / before:.2f}" if before and after is not None else NONE


def _main(figure: Any) -> float | None:
    """The number that stands for the figure: ours, or the p95."""
    if isinstance(figure, Mapping):
        return float(figure["ours"] if "ours" in figure else figure["p95"])
    return None if figure is None else float(figure)


def processes(figures: Figures, before: Figures | None = None) -> tuple[tuple[str, ...], Rows]:
    """What each process takes, the dearest first: heads and rows."""
    spent, idle = figures["cpu_s_per_trade_of"], figures.get("idle", {})
    columns = {
        "RSS MB": (figures["service_rss_mb"], 0),
        "PSS MB": (figures["service_pss_mb"], 0),
        "CPU ms a trade": ({name: 1000 * it for name, it in spent.items()}, 0),
        "statements a trade": (figures.get("statements_per_trade_of", {}), 0),
        "idle, % of a core": (idle.get("cpu_percent_of", {}), 2),
        "idle, statements/s": (idle.get("statements_per_s_of", {}), 1),
    }
    if before is not None:
        was = {name: 1000 * it for name, it in before["cpu_s_per_trade_of"].items()}
        columns["CPU ms a trade before"] = (was, 0)
    rows = [
        (name, *(f"{of[name]:.{digits}f}" if name in of else "" for of, digits in columns.values()))
        for name in sorted(spent, key=lambda name: -spent[name])
    ]
    return ("process", *columns), rows


def terminal(heads: tuple[str, ...], rows: Rows, caption: str) -> Table:
    """What a person reads."""
    shown = Table(*heads, header_style="bold", caption=caption)
    for row in rows:
        shown.add_row(*row)
    for column in shown.columns[1:-1]:
        column.justify = "right"
    return shown


def run_of(figures: Figures) -> str:
    """Which run the figures are of."""
    return (
        f"medians over {figures['runs']} runs · {machine_of(figures)} · other programs took "
        f"{figures['cores_taken_by_others']:.1f} cores meanwhile"
    )


def machine_of(figures: Figures) -> str:
    """What was measured on which machine in what time."""
    about = figures["machine"]
    return (
        f"{about['cores']} cores, {about['cpu']} · commit {about['commit']} · "
        f"{figures['bench_s']:.0f} s"
    )


def markdown(heads: tuple[str, ...], rows: Rows) -> str:
    """The same as Markdown; what belongs under the line above stays indented."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    cells = (
        [it.replace("  ", "&emsp;", 1) if it.startswith("  ") else it for it in line]
        for line in lines
    )
    return "\n".join("| " + " | ".join(row) + " |" for row in cells) + "\n"
