"""From what the runs measured to figures, a table and targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bench.figures import compared, median, rounded

Runs = Mapping[str, list[Any]]
SIDES = ("ours", "minimum")


def figures_of(runs: Runs, about: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """Medians over the runs, as `--json` writes them."""
    middle = {name: median(measured) for name, measured in runs.items() if name != "ceiling"}
    paced, whole = middle["paced"], middle["trades"]
    figures = {
        "pipeline_events_per_s": _beside(middle, "pipeline", "per_s"),
        "pipeline_cpu_ms_per_event": _beside(middle, "pipeline", "cpu_ms_per_event"),
        "pipeline_commit_to_applied_ms": {
            side: middle[f"paced_pipeline.{side}"]["commit_to_applied_ms"] for side in SIDES
        },
        "command_to_event_ms": paced["command_to_event_ms"],
        "webhook_to_funds_held_ms": paced["webhook_to_funds_held_ms"],
        "commit_to_applied_ms": paced["commit_to_applied_ms"],
        "paced_trades_per_s": paced["achieved_trades_per_s"],
        "trade_ms": paced["trade_ms"],
        "at_2_trades_per_s": middle["calm"],
        "idle_cpu_share": middle["idle_cpu_share"],
        **whole,
        **_listings(middle, "reads", "listing_reads"),
        **_listings(middle, "writes", "listing_writes"),
        "service_rss_mb": {name: it["rss"] for name, it in middle["memory"].items()},
        "service_pss_mb": {name: it["pss"] for name, it in middle["memory"].items()},
        "service_children_rss_mb": {
            name: it["children_rss"] for name, it in middle["memory"].items()
        },
        "warm_start_s": middle["warm_start_s"],
        "cold_start_s": middle["cold_start_s"],
        "cores_taken_by_others": middle["others"],
        "loader_ceiling_per_s": runs["ceiling"][0]["per_s"],
    }
    counted = {"runs": len(runs["trades"]), "bench_s": seconds}
    found: dict[str, Any] = rounded({**figures, **counted})
    return {**found, "machine": dict(about)}


def _beside(middle: Mapping[str, Any], name: str, figure: str) -> dict[str, float]:
    return compared(*(middle[f"{name}.{side}"][figure] for side in SIDES))


def _listings(middle: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = {f"{name}_per_s": _beside(middle, kind, "per_s")}
    found[f"{name}_p95_ms"] = _beside(middle, kind, "p95_ms")
    whole = middle.get(f"{kind}.whole_service")
    return found | ({f"{name}_whole_service_per_s": whole["per_s"]} if whole else {})


def table(figures: Mapping[str, Any]) -> Table:
    """What a person reads: each figure beside the minimum's and the target."""
    shown = Table("figure", "ours", "minimum", "ratio", "target", header_style="bold")
    for row in rows(figures):
        shown.add_row(*row)
    about = figures["machine"]
    shown.caption = (
        f"medians over {figures['runs']} runs · {about['cores']} cores, {about['cpu']} · "
        f"commit {about['commit']} · {figures['bench_s']:.0f} s · other programs took "
        f"{figures['cores_taken_by_others']:.1f} cores meanwhile"
    )
    for column in shown.columns[1:4]:
        column.justify = "right"
    return shown


def rows(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Each figure in words, ours, the minimum's, the ratio, and the target."""
    rss = figures["service_rss_mb"]
    largest = max(rss, key=lambda name: rss[name])
    compared_ = (
        ("pipeline_events_per_s", "events/s, outbox → broker → inbox", "ratio ≥ 0.4"),
        ("listing_reads_per_s", "GET /v1/listings/{id} per s", "≥ 2,000"),
        ("listing_reads_p95_ms", "  p95, ms", ""),
        ("listing_writes_per_s", "POST /v1/listings per s", "≥ 900"),
        ("listing_writes_p95_ms", "  p95, ms", ""),
    )
    spreads = (
        ("command_to_event_ms", "command → event", "p95 < 50"),
        ("webhook_to_funds_held_ms", "webhook → funds_held", "p95 < 150"),
        ("commit_to_applied_ms", "commit → applied", ""),
        ("trade_ms", "whole trade", ""),
    )
    plain = (
        ("trades_per_s", "whole trades/s, saturated", ""),
        ("cpu_s_per_trade", "CPU seconds per trade, everything", ""),
        ("paced_trades_per_s", "trades/s reached when paced at 5/s", ""),
        ("listing_writes_whole_service_per_s", "POST /v1/listings per s, relay in the process", ""),
        ("idle_cpu_share", "cores taken while idle", ""),
        ("warm_start_s", "`up` warm, s", "≤ 20"),
        ("cold_start_s", "`up` without data, s", ""),
        ("loader_ceiling_per_s", "the loader's own ceiling, requests/s", ""),
    )
    found = [_compared_row(figures[name], words, target) for name, words, target in compared_]
    calm = figures["at_2_trades_per_s"]
    for name, words, target in spreads:
        found.append((f"{words}, ms, at 5 trades/s", _spread(figures[name]), "", "", target))
        found.append(("  at 2 trades/s", _spread(calm[name]), "", "", ""))
    found += [(words, number(figures[name]), "", "", target) for name, words, target in plain]
    found.append((f"largest service ({largest}), RSS MB", number(rss[largest]), "", "", "≤ 110"))
    return found


def _compared_row(figure: Mapping[str, float], words: str, target: str) -> tuple[str, ...]:
    return (
        words,
        number(figure["ours"]),
        number(figure["minimum"]),
        f"{figure['ratio']:.2f}",
        target,
    )


def _spread(figure: Mapping[str, float]) -> str:
    return " / ".join(number(figure[name]) for name in ("p50", "p95", "p99"))


def number(value: float) -> str:
    """As many digits as can be read at a glance."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def short(measured: Any) -> str:
    """A measurement in a few words, told while it goes on."""
    if isinstance(measured, Mapping):
        shown = {name: short(it) for name, it in measured.items() if not isinstance(it, str)}
        return " ".join(f"{name}={it}" for name, it in shown.items() if it)[:200]
    return number(float(measured)) if isinstance(measured, int | float) else ""
