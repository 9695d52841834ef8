"""`python -m bench [--json FILE] [--quick]`: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from holdfast import daemon
from holdfast.console import err, fail, out
from holdfast.instance import Instance

from bench import (
    ceiling,
    listings,
    machine,
    pipeline,
    report,
    servers,
    starts,
    trades,
    usage,
)
from bench.pipeline import Flow
from bench.plan import FULL, QUICK, Plan

INSTANCE = "bench"
IDLE_S = 3.0
LOOK_S = 1.0
SIDES = ("ours", "minimum")


class Bench:
    """One bench from the first start to the last figure."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._instance = plan, Instance.named(INSTANCE)
        self._began = time.monotonic()
        self._runs: dict[str, list[Any]] = {}
        self._about = machine.describe()

    def run(self) -> dict[str, Any]:
        """Measure everything; the figures are medians over the runs."""
        starts.forget(self._instance)
        self._note("others", machine.busy_cores(LOOK_S))
        with starts.up(self._instance) as (state, seconds):
            self._note("cold_start_s", seconds)
            asyncio.run(starts.keep_commit_times(state))
            self._about |= asyncio.run(machine.servers(state.urls))
        for run in range(self._plan.runs):
            with starts.up(self._instance) as (state, seconds):
                self._note("warm_start_s", seconds)
                if run == self._plan.runs - 1:
                    asyncio.run(self._trades(state))
        self._note("others", machine.busy_cores(LOOK_S))
        with servers.running(self._instance) as found:
            asyncio.run(self._alone(found))
        self._note("others", machine.busy_cores(LOOK_S))
        return report.figures_of(self._runs, self._about, time.monotonic() - self._began)

    async def _trades(self, state: Any) -> None:
        plan = self._plan
        async with trades.market(state) as market:
            await trades.saturated(market, 3, 3)  # first times cost more, and count for nothing
            self._note("idle_cpu_share", await usage.idle_share(state, IDLE_S))
            for _ in range(plan.runs):
                paced = await trades.paced(market, plan.paced_trades, plan.pace_per_s)
                self._note("paced", paced)
                calm = await trades.paced(market, plan.calm_trades, plan.calm_pace_per_s)
                self._note("calm", calm)
            for _ in range(plan.runs):
                self._note("trades", await trades.saturated(market, plan.trades, plan.at_once))
            self._note("memory", usage.memory_mb(state))

    async def _alone(self, found: servers.Servers) -> None:
        plan = self._plan
        self._note("ceiling", await ceiling.measure(found.log, plan.load_s))
        for name, runs in (await listings.measure(found, plan.load_s, plan.runs)).items():
            for measured in runs:
                self._note(name, measured)
        pace = Flow(plan.paced_events, plan.event_pace_per_s)
        for _ in range(plan.runs):
            for side in SIDES:
                burst = await pipeline.measure(found, side, Flow(plan.events))
                self._note(f"pipeline.{side}", burst)
                self._note(f"paced_pipeline.{side}", await pipeline.measure(found, side, pace))

    def _note(self, name: str, measured: Any) -> None:
        self._runs.setdefault(name, []).append(measured)
        seconds = time.monotonic() - self._began
        err.print(f"[dim]{seconds:6.1f} s[/]  {name:<22} {report.short(measured)}", highlight=False)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="holdfast bench")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--quick", action="store_true")
    wished = parser.parse_args()
    try:
        measured = Bench(QUICK if wished.quick else FULL).run()
    except daemon.NotStarted as failure:
        fail(str(failure), "./holdfast doctor")
    except KeyboardInterrupt:
        err.print("stopped; nothing was written")
        sys.exit(130)
    if wished.json:
        wished.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    out.print(report.table(measured))


if __name__ == "__main__":
    main()
