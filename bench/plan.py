"""How much is measured: three runs of everything, or one short run of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Bounded in count and in time."""

    runs: int
    load_s: float
    """How long each server is loaded with each kind of request."""
    events: int
    trades: int
    at_once: int
    paced_trades: int
    slow_trades: int
    idle_s: float
    pace_per_s: float = 5.0
    slow_pace_per_s: float = 2.0
    share_of_saturation: float = 0.6
    paced_events: int = 200
    event_pace_per_s: float = 50.0


FULL = Plan(
    runs=3, load_s=3.0, events=5000, trades=30, at_once=12, paced_trades=30, slow_trades=16,
    idle_s=20.0,
)  # fmt: skip
QUICK = Plan(
    runs=1, load_s=1.2, events=2000, trades=8, at_once=8, paced_trades=10, slow_trades=6,
    idle_s=10.0, paced_events=100,
)  # fmt: skip
