"""Figures in words, beside their targets, and beside those of an earlier run."""

from typing import Any

import pytest

from bench import results, tables
from bench.lines import LINES, Line, Target

MACHINE = {
    "cpu": "a processor", "cores": "2", "ram_gb": "24", "os": "Debian", "kernel": "6.1",
    "date": "2026-01-01", "commit": "abc1234", "python": "3.11.7",
}  # fmt: skip
BEFORE = {
    "trades_per_s": 3.0,
    "cpu_s_per_trade": 0.58,
    "cpu_s_per_trade_of": {"escrow": 0.085, "postgres": 0.115},
    "service_rss_mb": {"escrow": 108.0, "listings": 96.0},
    "service_pss_mb": {"escrow": 84.0, "listings": 70.0},
    "pipeline_events_per_s": {"ours": 800.0, "minimum": 1600.0, "ratio": 0.5},
    "command_to_event_ms": {"p50": 100.0, "p95": 400.0, "p99": 430.0},
    "runs": 3,
    "bench_s": 360.0,
    "cores_taken_by_others": 0.0,
    "machine": MACHINE,
}
AFTER = BEFORE | {
    "trades_per_s": 4.5,
    "statements_per_trade": 561.0,
    "pipeline_events_per_s": {"ours": 1200.0, "minimum": 1600.0, "ratio": 0.75},
    "at_60_percent": {"command_to_event_ms": {"p50": 9.0, "p95": 26.0, "p99": 30.0}},
    "idle": {"cpu_percent_of": {"escrow": 0.8, "listings": 0.4, "postgres": 3.0}},
}


def _of(rows: tables.Rows, words: str) -> tuple[str, ...]:
    return next(row for row in rows if row[0].strip() == words)


@pytest.mark.parametrize(
    ("target", "figure", "reached"),
    [
        (Target("≥", 4.5), 4.5, True),
        (Target("≥", 4.5), 4.49, False),
        (Target("≤", 0.36), 0.36, True),
        (Target("≤", 0.36), 0.37, False),
        (Target("≥", 0.75, "ratio"), {"ours": 9.0, "minimum": 10.0, "ratio": 0.9}, True),
        (Target("≤", 25, "p95"), {"p50": 1.0, "p95": 26.0, "p99": 27.0}, False),
    ],
)
def test_a_target_is_reached_at_its_bound_and_not_beyond(
    target: Target, figure: Any, reached: bool
) -> None:
    assert target.reached(figure) is reached


def test_a_line_shows_the_figure_the_minimum_the_ratio_and_the_target() -> None:
    rows = tables.of_one(AFTER)

    assert _of(rows, "events/s, outbox → broker → inbox")[1:] == (
        "1,200", "1,600", "0.75", "ratio ≥ 0.75 ✓",
    )  # fmt: skip
    assert _of(rows, "statements a trade")[-1] == "≤ 560 ✗"
    assert _of(rows, "command → event, ms")[1] == "9.00 / 26.0 / 30.0"


def test_what_was_not_measured_has_no_line() -> None:
    assert "where the handler is bulk" not in [row[0].strip() for row in tables.of_one(AFTER)]


def test_only_services_are_judged_by_the_largest() -> None:
    line = Line("idle", "idle.cpu_percent_of", Target("≤", 1), largest=True)

    assert line.find(AFTER) == 0.8


def test_two_runs_stand_side_by_side_even_where_one_lacks_a_figure() -> None:
    rows = tables.of_two(BEFORE, AFTER)

    assert len(rows) == len(LINES)
    assert _of(rows, "whole trades/s, saturated")[1:4] == ("3.00", "4.50", "1.50")
    assert _of(rows, "statements a trade")[1:4] == ("-", "561", "-")
    assert _of(rows, "events/s, outbox → broker → inbox")[4:] == (
        "1,600", "0.50", "0.75", "ratio ≥ 0.75 ✓",
    )  # fmt: skip


def test_the_document_holds_both_runs_and_every_process() -> None:
    text = results.document(AFTER, BEFORE, "## Bounds\n")

    assert "| whole trades/s, saturated | 3.00 | 4.50 | 1.50 |" in text
    assert "| escrow | 108 | 84 | 85 |" in text
    assert text.index("| postgres |") < text.index("| escrow |")
