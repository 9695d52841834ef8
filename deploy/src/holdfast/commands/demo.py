"""`demo`: the whole trade, from `/signup` to money in the seller's account, as it happens."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.table import Table

from holdfast import daemon, leases
from holdfast.commands.up import addresses, guide, start
from holdfast.console import err, fail, out
from holdfast.demo import report, trade
from holdfast.demo.driver import Driver
from holdfast.demo.report import Report
from holdfast.demo.scenario import scenario_on
from holdfast.demo.trade import Trade
from holdfast.instance import Instance
from holdfast.state import State

_LINGER_S = 5.0


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="leave everything running")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the result there")
    ] = None,
) -> None:
    """Set up what is missing, start everything, run one whole trade, stop everything."""
    instance = Instance.named()
    found_running = daemon.running(instance) is not None
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _end)
    lease = leases.take(instance)  # if we are killed, what we started ends as unused
    try:
        state = start(instance, None if keep else _LINGER_S)
        result, people = asyncio.run(_play(state))
    except daemon.NotStarted as failure:
        fail(str(failure), f"./holdfast doctor, or read the logs in {instance.log}")
    except AssertionError as failure:
        fail(str(failure), f"read the logs in {instance.log}")
    finally:
        if not keep and not found_running and sys.exc_info()[0] is not None:
            daemon.stop(instance)
        leases.release(lease)
    if json_file is not None:
        json_file.write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")
    out.print(_summary(result))
    if keep:
        out.print(addresses(state))
        out.print(people)
        guide(instance, state)
    elif not found_running:
        daemon.stop(instance)
        err.print("stopped")


def _end(signum: int, _: FrameType | None) -> None:
    sys.exit(128 + signum)


async def _play(state: State) -> tuple[Report, Table]:
    async with scenario_on(state) as scenario:
        seller, buyer = await scenario.at_discord("sela"), await scenario.at_discord("bob")
        other = await scenario.at_rest("eve")
        began = time.monotonic()

        def say(step: str, words: str) -> None:
            out.print(f"[dim]{time.monotonic() - began:6.2f} s[/]  [bold]{step:<8}[/] {words}")

        played = await scenario.trade(seller, buyer, say)
        await _run_with_another(played, other)
        await seller.told("You received 4,175.00 USD")
        await buyer.told("the seller has been paid")
        say("told", "both sides were told in Discord")
        return await report.of(played), _people(seller.person.name, buyer.person.name)


async def _run_with_another(played: Trade, other: Driver) -> None:
    for step in trade.STEPS:
        await step(played)
        if step is trade.join:
            await other.join()
            await other.link()
        if step is trade.agree:
            await trade.refuse_another(played, other)


def _summary(result: Report) -> Table:
    table = Table("books", "buyer paid", "seller received", "fee", header_style="bold")
    for name, books in result.money.items():
        shown = [f"{books[key]:,}" for key in ("buyer_paid", "seller_received", "fee")]
        table.add_row(name, *shown)
    table.caption = (
        f"{result.state} in {result.trade_seconds} s · {len(result.events)} events · slowest "
        f"acknowledgement {result.acknowledged_ms} ms · minor units of USD"
    )
    return table


def _people(seller: str, buyer: str) -> Table:
    table = Table("demo account", "name in Discord and Roblox", box=None, header_style="bold")
    table.add_row("seller", seller)
    table.add_row("buyer", buyer)
    return table


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(demo)
