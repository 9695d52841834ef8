"""`status`: what runs, and how it is."""

from __future__ import annotations

import contextlib

import typer
from rich.table import Table

from holdfast import daemon
from holdfast.console import err, out
from holdfast.instance import Instance
from holdfast.memory import resident_mb
from holdfast.state import BrokenState, ProcessState, State, Status, load


def status() -> None:
    """Show every process: port, pid, restarts, memory; ends with 1 unless all is ready."""
    instance = Instance.named()
    state = daemon.running(instance)
    if state is None:
        err.print(f"instance {instance.name}: {_last_words(instance)}")
        raise typer.Exit(1)
    err.print(f"instance {instance.name}: {state.status}")
    out.print(table(state))
    everything = all(it.ready for it in state.processes.values())
    raise typer.Exit(0 if state.status is Status.READY and everything else 1)


def table(state: State) -> Table:
    """One row for each process and step."""
    rows = Table("process", "port", "pid", "ready", "restarts", "MB", box=None, header_style="bold")
    for name, it in state.processes.items():
        rows.add_row(name, *_cells(it))
    return rows


def _cells(it: ProcessState) -> tuple[str, ...]:
    ready = "[green]yes[/]" if it.ready else "[red]no[/]"
    if it.pid is None:
        return str(it.port or ""), "", "done" if it.ready else "[red]no[/]", "", ""
    memory = f"{resident_mb(it.pid):.0f}"
    return str(it.port or ""), str(it.pid), ready, str(it.restarts), memory


def _last_words(instance: Instance) -> str:
    with contextlib.suppress(BrokenState):  # the next start writes it anew
        state = load(instance)
        if state and state.error:
            return f"not running; it ended with: {state.error}"
    return "not running; start it with ./holdfast up"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(status)
