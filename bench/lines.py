"""The figures in words, each with its target: what tables and RESULTS.md show, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.services import SERVICES

Figures = Mapping[str, Any]
NONE = "-"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is to reach: a bound of the figure itself, of its ratio, or of its p95."""

    sign: str
    bound: float
    of: str = ""

    def __str__(self) -> str:
        """The target as it stands in a table."""
        shown = f"{self.bound:g}"
        return f"{self.of} {self.sign} {shown}".strip()

    def reached(self, figure: Any) -> bool:
        """Whether the figure reaches it."""
        value = figure[self.of] if self.of else figure
        return bool(value >= self.bound) if self.sign == "≥" else bool(value <= self.bound)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its words, where it stands in the JSON, and its target."""

    words: str
    path: str
    target: Target | None = None
    largest: bool = False
    """It holds a value for each service, and the largest is shown."""

    def find(self, figures: Figures) -> Any:
        """The figure; None where that run did not measure it."""
        found: Any = figures
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if self.largest and found is not None:
            return max(found[it.name] for it in SERVICES if it.name in found)
        return found

    def verdict(self, figures: Figures) -> str:
        """The target and whether it is reached."""
        figure = self.find(figures)
        if self.target is None or figure is None:
            return str(self.target or "")
        return f"{self.target} {'✓' if self.target.reached(figure) else '✗'}"


LATENCIES = (
    ("command_to_event_ms", "command → event, ms", Target("≤", 25, "p95")),
    ("webhook_to_funds_held_ms", "webhook → funds_held, ms", Target("≤", 50, "p95")),
    ("commit_to_applied_ms", "commit → applied, ms", None),
    ("trade_ms", "whole trade, ms", None),
)
LINES = (
    Line("whole trades/s, saturated", "trades_per_s", Target("≥", 4.5)),
    Line("CPU seconds a trade, everything", "cpu_s_per_trade", Target("≤", 0.36)),
    Line("statements a trade", "statements_per_trade", Target("≤", 560)),
    Line("transactions a trade", "transactions_per_trade"),
    Line("at 60 % of saturation, trades begun/s", "at_60_percent.pace_per_s"),
    *(Line(f"  {words}", f"at_60_percent.{name}", target) for name, words, target in LATENCIES),
    Line("at 2 trades/s, reached", "at_2_trades_per_s.achieved_trades_per_s"),
    *(Line(f"  {words}", f"at_2_trades_per_s.{name}") for name, words, _ in LATENCIES),
    Line("at 5 trades/s, reached", "paced_trades_per_s"),
    *(Line(f"  {words}", name) for name, words, _ in LATENCIES),
    Line("events/s, outbox → broker → inbox", "pipeline_events_per_s", Target("≥", 0.75, "ratio")),
    Line("  CPU ms an event", "pipeline_cpu_ms_per_event"),
    Line("  where the handler is bulk", "pipeline_bulk_events_per_s", Target("≥", 1, "ratio")),
    Line("GET /v1/listings/{id} per s", "listing_reads_per_s", Target("≥", 0.45, "ratio")),
    Line("  p95, ms", "listing_reads_p95_ms"),
    Line("POST /v1/listings per s", "listing_writes_per_s", Target("≥", 0.38, "ratio")),
    Line("  p95, ms", "listing_writes_p95_ms"),
    Line("  relay in the same process, per s", "listing_writes_whole_service_per_s"),
    Line("idle: cores taken by everything", "idle_cpu_share"),
    Line("  largest service, % of a core", "idle.cpu_percent_of", Target("≤", 1), largest=True),
    Line("  statements/s", "idle.statements_per_s"),
    Line("  transactions/s", "idle.transactions_per_s"),
    Line("largest service, RSS MB", "service_rss_mb", Target("≤", 120), largest=True),
    Line("`up` warm, s", "warm_start_s", Target("≤", 6)),
    Line("`up` without data, s", "cold_start_s"),
    Line("limit of the load generator, requests/s", "loader_ceiling_per_s"),
)


def value(figure: Any) -> str:
    """Ours: one number, or p50 / p95 / p99."""
    if figure is None:
        return NONE
    if isinstance(figure, Mapping):
        if "ours" in figure:
            return number(figure["ours"])
        return " / ".join(number(figure[name]) for name in ("p50", "p95", "p99"))
    return number(figure)


def part(figure: Any, name: str) -> str:
    """The minimum's figure, or the ratio to it; nothing where there is no minimum."""
    if not isinstance(figure, Mapping) or name not in figure:
        return ""
    return f"{figure[name]:.2f}" if name == "ratio" else number(figure[name])


def number(value: float) -> str:
    """As many digits as can be read at a glance."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def short(measured: Any) -> str:
    """A measurement in a few words, told while it goes on."""
    if isinstance(measured, Mapping):
        shown = {name: short(it) for name, it in measured.items() if not isinstance(it, str)}
        return " ".join(f"{name}={it}" for name, it in shown.items() if it)[:200]
    return number(float(measured)) if isinstance(measured, int | float) else ""
