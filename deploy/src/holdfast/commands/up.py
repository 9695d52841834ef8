"""`up`, `down`: start the whole of Holdfast here, and stop it."""

from __future__ import annotations

import asyncio
import time

import typer
from rich.status import Status as Spinner
from rich.table import Table

from holdfast import daemon, plan, providers
from holdfast.act import people
from holdfast.console import err, fail, out
from holdfast.instance import Instance
from holdfast.state import State

_PEOPLE = """
Two people are there in the played Discord, Roblox and Stripe: seller, who owns
three games, and buyer. Act as them, and see what they see:
  {own} act seller /signup press "I agree"
  {own} act seller /link press "Open the linking page"
  {own} act seller
"""
_SHOWN = ("gateway", "sandbox", "database", "rabbitmq_management", "s3")


def up() -> None:
    """Start everything and leave it running; done when every service is ready."""
    instance = Instance.named()
    try:
        state = start(instance)
    except daemon.NotStarted as failure:
        fail(str(failure), f"./holdfast doctor, or read the logs in {instance.log}")
    out.print(addresses(state))
    guide(instance, state)


def down() -> None:
    """Stop everything that `up` started; data stay."""
    try:
        stopped = daemon.stop(Instance.named())
    except daemon.NotStarted as failure:
        fail(str(failure))
    err.print("stopped" if stopped else "nothing was running")


def start(instance: Instance, linger_s: float | None = None) -> State:
    """Have the whole system ready, telling on the way what has become ready."""
    began = time.monotonic()
    progress = _Progress()
    with err.status("starting") as spinner:
        try:
            state = daemon.ensure(
                instance, plan.FULL, linger_s, lambda seen: progress.show(seen, spinner)
            )
        except KeyboardInterrupt:
            spinner.update("stopping")
            daemon.stop(instance)
            raise
        progress.show(state, spinner)
    err.print(f"ready in {time.monotonic() - began:.1f} s")
    return state


def addresses(state: State) -> Table:
    """A table of where to reach what runs."""
    table = Table("what", "where", box=None, header_style="bold")
    for name in _SHOWN:
        if name in state.urls:
            table.add_row(name, _without_password(state.urls[name]))
    return table


def guide(instance: Instance, state: State) -> None:
    """Have two people there to act as, where all of the outside world is played, and say how."""
    own, sandbox_url = instance.command, state.urls["sandbox"]
    if providers.are_played(instance, sandbox_url):
        asyncio.run(people.prepare(instance, sandbox_url))
        err.print(_PEOPLE.format(own=own), markup=False, highlight=False)
    err.print(
        f"next: README.md shows a whole trade, {own} demo plays one, {own} down stops all of it",
        highlight=False,
    )


class _Progress:
    """Tells each process once, when it has become ready."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told: set[str] = set()

    def show(self, state: State, spinner: Spinner) -> None:
        """Print what is new and name what is awaited."""
        ready = {name for name, it in state.processes.items() if it.ready}
        for name in state.processes:
            if name in ready - self._told:
                err.print(f"  [green]✓[/] {name:<18} {time.monotonic() - self._began:5.1f} s")
        self._told |= ready
        waiting = [name for name, it in state.processes.items() if it.started and not it.ready]
        spinner.update(f"waiting for {', '.join(waiting)}" if waiting else "starting")


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(up)
    app.command()(down)
