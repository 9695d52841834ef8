"""The figures of growth in words: each at every size, and how much the largest is of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.lines import NONE, number

Runs = Sequence[Mapping[str, Any]]
MOST = 1.3
WORDS = {
    "read_listing_ms": "GET /v1/listings/{id}, ms",
    "list_listings_ms": "GET /v1/listings, first page, ms",
    "list_listings_further_ms": "  each of the next pages",
    "read_escrow_ms": "GET /v1/escrows/{id}, ms",
    "list_escrows_ms": "GET /v1/escrows, ms",
    "list_notifications_ms": "GET /v1/notifications, ms",
    "make_listing_ms": "POST a listing, ms",
    "make_offer_ms": "POST an offer, ms",
    "deliver_ms": "POST a delivery, ms",
    "confirm_ms": "POST confirm, ms",
    "trades_per_s": "whole trades/s, 4 at once",
    "cpu_s_per_trade": "CPU seconds a trade",
    "postgres_cpu_s_per_trade": "  of PostgreSQL",
    "largest_service_rss_mb": "largest service, RSS MB",
    "relay_look_ms": "relay: look, ms",
    "relay_batch_ms": "relay: claim, publish and mark 200, ms",
    "timers_look_ms": "timers: look, ms",
    "audit_look_ms": "audit: look for entries to link, ms",
    "pipeline_events_per_s": "pipeline, events/s",
    "raise_global_account_ms": "raise an account of the platform, ms",
    "lower_global_account_ms": "lower an account of the platform, ms",
    "ledger_check_s": "full ledger check, s",
    "ledger_check_us_an_escrow": "  µs an escrow",
    "ledger_part_ms": "  one part of it as a job, ms",
    "audit_check_s": "full audit check, s",
    "audit_check_us_an_entry": "  µs an entry",
    "audit_check_memory_mb": "  memory added, MB",
    "prune_rows": "prune: rows",
    "prune_s": "  s",
    "prune_us_a_row": "  µs a row",
    "prune_slice_ms": "  a slice, ms",
    "rows_million": "rows, million",
    "database_mb": "database, MB",
    "filled_in_s": "filled in, s",
    "cores_taken_by_others": "cores taken by others",
}
WHOLE = frozenset({"ledger_check_s", "audit_check_s", "prune_rows", "prune_s", "rows_million",
                   "database_mb", "filled_in_s", "cores_taken_by_others"})  # fmt: skip
"""They go through everything there is; the line below says what one of it costs."""
HIGHER_IS_BETTER = frozenset({"trades_per_s", "pipeline_events_per_s"})


def rows(
    figures: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Heads and rows; with an earlier run, its figure at its last size and its growth too."""
    at = list(figures["at"].values())
    was = list(before["at"].values()) if before else []
    heads = ["figure", *(f"{int(size):,} escrows" for size in figures["at"]), "growth"]
    if before:
        heads += [f"before, {int(list(before['at'])[-1]):,}", "growth before"]
    return (*heads, f"≤ {MOST}"), [_row(name, at, was) for name in WORDS]


def _row(name: str, at: Runs, was: Runs) -> tuple[str, ...]:
    values, grown = [it.get(name) for it in at], growth(name, at)
    shown = [number(it) if it is not None else NONE for it in values] + [_factor(grown)]
    if was:
        last = was[-1].get(name)
        shown += [number(last) if last is not None else NONE, _factor(growth(name, was))]
    return (WORDS[name], *shown, _verdict(name, grown))


def _factor(grown: float | None) -> str:
    return NONE if grown is None else f"{grown:.2f}"


def growth(name: str, at: Runs) -> float | None:
    """How much dearer it is at the last size than at the first."""
    first, last = at[0].get(name), at[-1].get(name)
    if not first or not last:
        return None
    return float(first / last if name in HIGHER_IS_BETTER else last / first)


def failures(figures: Mapping[str, Any]) -> list[str]:
    """What could not be measured, and why."""
    return [
        f"{name.removeprefix('failed_')} at {int(size):,}: {it[name]}"
        for size, it in figures["at"].items()
        for name in it
        if name.startswith("failed_")
    ]


def _verdict(name: str, grown: float | None) -> str:
    if name in WHOLE:
        return ""
    return "✓" if grown is not None and grown <= MOST else "✗"
