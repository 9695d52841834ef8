"""From what the runs measured to the figures that `--json` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.figures import compared, median, rounded
from bench.pipeline import BULK, SIDES

Runs = Mapping[str, list[Any]]


def figures_of(runs: Runs, about: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """Medians over the runs, by name."""
    middle = {name: median(measured) for name, measured in runs.items() if name != "ceiling"}
    figures = {
        **_pipeline(middle),
        **_trades(middle),
        **_listings(middle, "reads", "listing_reads"),
        **_listings(middle, "writes", "listing_writes"),
        **{f"service_{kind}_mb": _of(middle["memory"], kind) for kind in ("rss", "pss")},
        "service_children_rss_mb": _of(middle["memory"], "children_rss"),
        "warm_start_s": middle["warm_start_s"],
        "cold_start_s": middle["cold_start_s"],
        "cores_taken_by_others": middle["others"],
        "loader_ceiling_per_s": runs["ceiling"][0]["per_s"],
    }
    counted = {"runs": len(runs["trades"]), "bench_s": seconds}
    found: dict[str, Any] = rounded({**figures, **counted})
    return {**found, "machine": dict(about)}


def _pipeline(middle: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "pipeline_events_per_s": _beside(middle, "pipeline", "per_s"),
        "pipeline_cpu_ms_per_event": _beside(middle, "pipeline", "cpu_ms_per_event"),
        "pipeline_commit_to_applied_ms": {
            side: middle[f"paced_pipeline.{side}"]["commit_to_applied_ms"] for side in SIDES
        },
    }
    bulk = middle.get(f"pipeline.{BULK}")
    if bulk:
        least = middle["pipeline.minimum"]
        for figure in ("per_s", "cpu_ms_per_event"):
            name = "events_per_s" if figure == "per_s" else figure
            found[f"pipeline_bulk_{name}"] = compared(bulk[figure], least[figure])
    return found


def _trades(middle: Mapping[str, Any]) -> dict[str, Any]:
    paced, idle = middle["paced"], middle["idle"]
    latencies = ("command_to_event_ms", "webhook_to_funds_held_ms", "commit_to_applied_ms")
    return {
        **{name: paced[name] for name in (*latencies, "trade_ms")},
        "paced_trades_per_s": paced["achieved_trades_per_s"],
        "at_2_trades_per_s": middle["slow"],
        "at_60_percent": middle["at_60_percent"],
        **middle["trades"],
        **middle["database"],
        "idle": idle,
        "idle_cpu_share": idle["cores"],
    }


def _beside(middle: Mapping[str, Any], name: str, figure: str) -> dict[str, float]:
    return compared(*(middle[f"{name}.{side}"][figure] for side in SIDES))


def _listings(middle: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = {f"{name}_per_s": _beside(middle, kind, "per_s")}
    found[f"{name}_p95_ms"] = _beside(middle, kind, "p95_ms")
    whole = middle.get(f"{kind}.whole_service")
    return found | ({f"{name}_whole_service_per_s": whole["per_s"]} if whole else {})


def _of(memory: Mapping[str, Any], kind: str) -> dict[str, float]:
    return {name: it[kind] for name, it in memory.items()}
