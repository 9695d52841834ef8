"""`dlq`: look at parked messages, send them again, or drop them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer
from rich.table import Table

from holdfast import daemon
from holdfast.broker import Management
from holdfast.console import err, fail, out
from holdfast.dlq import NoSuchQueue, ParkedQueue, counts
from holdfast.instance import Instance

Queue = Annotated[str, typer.Argument(help="the queue's name, as in `dlq list`")]
Id = Annotated[list[str] | None, typer.Option("--id", help="a message's id; may be repeated")]
Every = Annotated[bool, typer.Option("--all", help="every parked message of the queue")]

group = typer.Typer(no_args_is_help=True, help="Parked messages: list, show, retry, drop.")


@group.command(name="list")
def list_(every: Annotated[bool, typer.Option("--all", help="empty ones too")] = False) -> None:
    """Show which queues have parked messages; ends with 2 when any has."""
    rows = [it for it in counts(_management()) if every or it.messages]
    table = Table("queue", "parked", box=None, header_style="bold")
    for it in rows:
        table.add_row(it.queue, str(it.messages))
    out.print(table if rows else "nothing is parked")
    raise typer.Exit(2 if any(it.messages for it in rows) else 0)


@group.command()
def show(
    queue: Queue, limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 20
) -> None:
    """Show parked messages: error, attempts, headers and body."""
    for it in asyncio.run(_parked(queue).show(limit)):
        out.print(f"[bold]{it.message_id}[/]  {it.type}  attempt {it.attempt or '-'}")
        out.print(f"  error: {it.error}", markup=False)
        for name, value in sorted(it.headers.items()):
            out.print(f"  {name}: {value}", markup=False)
        out.print(f"  {it.body}", markup=False)


@group.command()
def retry(queue: Queue, ids: Id = None, every: Every = False) -> None:
    """Send parked messages to their queue again, with a fresh count of attempts."""
    sent = asyncio.run(_parked(queue).retry(_chosen(ids, every)))
    err.print(f"{sent} sent again to {queue}")


@group.command()
def drop(
    queue: Queue,
    ids: Id = None,
    every: Every = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove parked messages for good."""
    chosen = _chosen(ids, every)
    parked = _parked(queue)
    if not yes:
        typer.confirm(
            f"Remove {'all' if every else len(ids or ())} from {queue} for good?", abort=True
        )
    err.print(f"{asyncio.run(parked.drop(chosen))} dropped")


def _chosen(ids: list[str] | None, every: bool) -> Callable[[str], bool]:
    if bool(ids) == every:
        fail("say which: --id ID (may be repeated) or --all")
    wanted = set(ids or ())
    return lambda message_id: every or message_id in wanted


def _urls() -> tuple[str, str]:
    """The operator's broker URL and the management URL, given or of the running instance."""
    state = daemon.running(Instance.named())
    known = state.urls if state else {}
    url = os.environ.get("HOLDFAST_RABBITMQ_URL") or known.get("rabbitmq")
    management = os.environ.get("HOLDFAST_RABBITMQ_MANAGEMENT_URL") or known.get(
        "rabbitmq_management"
    )
    if not url or not management:
        fail(
            "no broker: nothing runs here and none is named",
            "./holdfast up, or set HOLDFAST_RABBITMQ_URL and HOLDFAST_RABBITMQ_MANAGEMENT_URL",
        )
    return url, management


def _management() -> Management:
    url, management = _urls()
    return Management.at(management, unquote(urlsplit(url).path[1:]) or "/")


def _parked(queue: str) -> ParkedQueue:
    try:
        return ParkedQueue.of(_urls()[0], queue, _management())
    except NoSuchQueue as failure:
        fail(str(failure))


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(group, name="dlq")
