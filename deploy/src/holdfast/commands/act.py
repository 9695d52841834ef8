"""`act`: type, press, read and pay as a person of the played Discord, from a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import httpx
import typer
from rich.text import Text

from holdfast import daemon
from holdfast.act import grammar, people, screen
from holdfast.act.actor import LAST, Actor, Impossible, Stage
from holdfast.act.grammar import Step
from holdfast.act.people import Person
from holdfast.console import err, fail, out
from holdfast.demo.outside import Outside
from holdfast.instance import Instance

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the command line asks for."""

    person: str
    steps: list[Step]
    last: int
    patience_s: float
    new_people: bool


def act(
    person: Annotated[str, typer.Argument(help="seller or buyer; without: who there is")] = "",
    what: Annotated[
        list[str] | None, typer.Argument(help="a /command, press or transfer; without: look")
    ] = None,
    last: Annotated[int, typer.Option(help="how many cards to show")] = LAST,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            envvar="HOLDFAST_ACT_WAIT_S",
            help="how long to wait for a card that has the button",
        ),
    ] = _PATIENCE_S,
    new_people: Annotated[
        bool, typer.Option("--new-people", help="begin anew with two who have not joined")
    ] = False,
) -> None:
    """Act as the seller or the buyer: type a command, press a button, see what they see."""
    instance = Instance.named()
    state = daemon.running(instance)
    if state is None or "sandbox" not in state.urls:
        fail("Holdfast is not running", f"{instance.command} up")
    try:
        wish = _Wish(person, grammar.read(what or []), last, wait, new_people)
        asyncio.run(_play(instance, state.urls["sandbox"], wish))
    except grammar.Misread as misread:
        fail(str(misread), "\n    ".join(["one of", *grammar.FORMS]))
    except Impossible as impossible:
        _show(impossible.shown)
        fail(str(impossible), impossible.next_step)
    except httpx.TransportError as failure:
        fail(f"the sandbox does not answer ({failure!r})", f"{instance.command} status")


async def _play(instance: Instance, sandbox_url: str, wish: _Wish) -> None:
    outside = Outside(sandbox_url)
    try:
        chosen = people.fresh if wish.new_people else people.ready
        there = await chosen(instance, outside)
        if not wish.person:
            await _introduce(instance, outside, there)
            return
        if wish.person not in there:
            known = " or ".join(f"{instance.command} act {it}" for it in there)
            raise Impossible(f"nobody here is called {wish.person!r}", known)
        stage = Stage(outside, there, wish.patience_s, instance.command, _show, err.status)
        actor = Actor(stage, there[wish.person])
        shown = None if wish.steps else await actor.look(wish.last)
        for step in wish.steps:
            shown = await actor.do(step)
        label = screen.obvious(shown) if shown else ""
        following = f"press {screen.quoted(label)}" if label else "/help"
        if label or not wish.steps:
            command = f"{instance.command} act {wish.person} {following}"
            err.print(f"next: {command}", highlight=False, markup=False)
    finally:
        await outside.close()


async def _introduce(instance: Instance, outside: Outside, there: dict[str, Person]) -> None:
    for role, person in there.items():
        games = ", ".join(await people.games(outside, person)) or "no game"
        out.print(f"{role:<8} {person.name}, who owns {games} at Roblox", highlight=False)
    out.print("\nwhat each can do:")
    for form, meaning in grammar.FORMS.items():
        out.print(f"  {instance.command} act seller {form}", highlight=False, markup=False)
        out.print(f"      {meaning}", style="dim", highlight=False)
    err.print(f"next: {instance.command} act seller, which shows what the seller sees")


def _show(lines: Iterable[Text]) -> None:
    for line in lines:
        out.print(line)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(act)
