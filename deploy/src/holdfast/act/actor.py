"""One person who types, presses, fills in and follows links, and tells what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from holdfast.act import browsing, screen
from holdfast.act.grammar import Pressed, Step, Transferred, Typed
from holdfast.act.page import Unanswered
from holdfast.act.people import Person, games
from holdfast.demo.discord_client import DiscordClient, NotAnswered, shown_last
from holdfast.demo.outside import Json, Outside, OutsideRefused

LAST = 5
_TYPES: dict[int, Callable[[str], Any]] = {4: int, 5: lambda it: it == "true", 10: float}
"""Options of Discord's that are no text: whole number, yes or no, number."""


class Impossible(RuntimeError):
    """The person cannot do that now; the text says why, `next_step` what can be done."""

    def __init__(self, cause: str, next_step: str = "", shown: Iterable[Text] = ()) -> None:
        super().__init__(cause)
        self.next_step, self.shown = next_step, list(shown)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it is played: the outside world, all who are there, and how to show things."""

    outside: Outside
    people: dict[str, Person]
    patience_s: float
    command: str
    show: Callable[[Iterable[Text]], None]
    waiting: Callable[[str], AbstractContextManager[Any]]


class Actor:
    """A person before Discord and a browser."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self._stage, self._person = stage, person
        self._client = DiscordClient(stage.outside, person.discord_id, person.guild, person.channel)

    async def do(self, step: Step) -> Json | None:
        """Take the step and show what comes of it; the card that answered it, if one did."""
        try:
            if isinstance(step, Typed):
                return await self._type(step)
            if isinstance(step, Pressed):
                return await self._press(step)
            await self._transfer(step)
        except (OutsideRefused, NotAnswered) as refused:
            cause = refused.cause if isinstance(refused, OutsideRefused) else str(refused)
            raise Impossible(cause) from refused
        return None

    async def look(self, last: int = LAST) -> Json | None:
        """Show the person's last cards, the newest at the end; that one."""
        cards = sorted(await self._cards(), key=_newest)[-last:]
        for message in cards:
            await self._show(message)
        return cards[-1] if cards else None

    async def _type(self, step: Typed) -> Json:
        known = dict(_leaves((await self._stage.outside.get("/discord/commands")).values()))
        if not known:
            raise Impossible("the bot is not in the played Discord", "./holdfast status")
        if step.command not in known:
            there = ", ".join(f"/{it}" for it in known)
            raise Impossible(f"there is no command /{step.command}", f"there are {there}")
        options = {it["name"]: it for it in known[step.command]}
        typed = {
            name: await self._option(step, option)
            for name, option in options.items()
            if name in step.values or option.get("required")
        }
        entries = {name: it for name, it in step.values.items() if name not in options}
        opened = await self._client.command(step.command, typed, wait="acknowledged")
        return await self._answered(opened, entries)

    async def _option(self, step: Typed, option: Json) -> Any:
        """What is sent for an option: the suggestion that is meant, where there are some."""
        name, given = option["name"], step.values.get(option["name"])
        if not option.get("autocomplete") and given is not None:
            return _TYPES.get(option["type"], str)(given)
        found = await self._client.suggestions(step.command, name) if option["autocomplete"] else []
        for choice in found:
            if given is not None and given in (choice["name"], str(choice["value"])):
                return choice["value"]
        meant = [it for it in found if given and given.casefold() in it["name"].casefold()]
        if len(meant) == 1:
            return meant[0]["value"]
        wrong = f"is not {given!r}" if given is not None else "is needed"
        names = ", ".join(screen.quoted(it["name"]) for it in found) or "nothing"
        suggested = f"Discord suggests {names}" if option["autocomplete"] else ""
        raise Impossible(f"/{step.command}: {name} {wrong} ({option['description']})", suggested)

    async def _press(self, step: Pressed) -> Json | None:
        message, button = await self._find(step)
        if button["url"]:
            await self._follow(str(button["url"]), step.values)
            return None
        pressed = await self._client.press(message, button["custom_id"], wait="acknowledged")
        return await self._answered(pressed, step.values)

    async def _answered(self, begun: Json, entries: dict[str, str]) -> Json:
        """Fill in the form that was opened, if one was, and show the answer."""
        if begun["modal"]:
            self._judge(begun["modal"], entries)
            answer = await self._client.submit(begun, entries)
        else:
            answer = await self._client.outcome(begun["id"], "answered")
        message = shown_last(answer)
        await self._show(message)
        if entries and not begun["modal"]:
            unused = ", ".join(entries)
            raise Impossible(f"it was done, but it takes no {unused}: no form was opened")
        return message

    @staticmethod
    def _judge(modal: Json, entries: dict[str, str]) -> None:
        """Refuse what the form would not let a person send, and show the form."""
        fields = list(_fields(modal))
        missing = [
            it["custom_id"]
            for _, it in fields
            if it.get("required", True) and not (entries.get(it["custom_id"]) or it.get("value"))
        ]
        unknown = sorted(set(entries) - {it["custom_id"] for _, it in fields})
        shown = screen.form(modal["title"], fields)
        if unknown:
            raise Impossible(f"the form has no {', '.join(unknown)}", "see its fields above", shown)
        if missing:
            again = f"the same again, with {' '.join(f'{it}=…' for it in missing)} behind it"
            raise Impossible(f"a form opens, and needs {', '.join(missing)}", again, shown)

    async def _transfer(self, step: Transferred) -> None:
        owned = await games(self._stage.outside, self._person)
        if step.game not in owned:
            cause = f"{self._person.name} has no game {step.game!r} at Roblox"
            raise Impossible(cause, f"there are {', '.join(owned) or 'none'}")
        if step.to not in self._stage.people:
            raise Impossible(f"there is no {step.to}", f"there are {', '.join(self._stage.people)}")
        receiver = self._stage.people[step.to]
        await self._stage.outside.hand_over(owned[step.game], receiver.roblox_id)
        self._stage.show([Text(f"  Roblox: {step.game} belongs to {receiver.name} now")])

    async def _follow(self, url: str, values: dict[str, str]) -> None:
        person = self._person
        mine = frozenset({person.discord_id, str(person.roblox_id)})
        try:
            await browsing.follow(url, values, mine, self._stage.show)
        except Unanswered as lack:
            raise Impossible(str(lack), "give it as name=value behind the press") from lack
        except browsing.PageRefused as refused:
            raise Impossible(str(refused), f"{self._stage.command} act {person.role}") from refused

    async def _find(self, step: Pressed) -> tuple[Json, Json]:
        """The newest card with that button, as soon as there is one."""
        ends = time.monotonic() + self._stage.patience_s
        what = f"card with [{step.label}]" + (f" and {step.card!r}" if step.card else "")
        with self._stage.waiting(f"waiting for a {what}"):
            since = 0
            while (left := ends - time.monotonic()) > 0 or not since:
                found = await self._client.inbox(contains=step.card, since=since, wait=max(left, 0))
                since = max(int(found["revision"]), 1)
                for message in sorted(found["messages"], key=_newest, reverse=True):
                    for button in message["buttons"]:
                        if _is_called(button, step.label):
                            return message, button
        there = dict.fromkeys(
            f"[{it}]" for message in await self._cards() for it in _labels(message)
        )
        names = f"there are {' '.join(there)}" if there else "there is none at all"
        cause = f"{self._person.role} sees no {what} ({self._stage.patience_s:.0f} s waited)"
        raise Impossible(cause, f"{names}; {self._stage.command} act {self._person.role} shows all")

    async def _cards(self) -> list[Json]:
        found = await self._client.inbox()
        return [it for it in found["messages"] if not it["loading"] and it["text"]]

    async def _show(self, message: Json) -> None:
        told = await self._stage.outside.get("/clock")
        self._stage.show(screen.card(message, datetime.fromisoformat(told["now"])))


def _newest(message: Json) -> int:
    return int(message["revision"])


def _is_called(button: Json, label: str) -> bool:
    return not button["disabled"] and str(button["label"]).casefold() == label.casefold()


def _labels(message: Json) -> list[str]:
    return [str(it["label"]) for it in message["buttons"] if not it["disabled"]]


def _fields(modal: Json) -> Iterator[tuple[str, Json]]:
    for row in modal["components"]:
        inside = row.get("component") or (row.get("components") or [{}])[0]
        if "custom_id" in inside:
            yield str(row.get("label") or inside.get("label")), inside


def _leaves(scopes: Iterable[list[Json]]) -> Iterator[tuple[str, list[Json]]]:
    """Every command as it is typed, with its options."""
    groups = (1, 2)  # a subcommand, and a group of such
    nodes = [(str(it["name"]), it) for scope in scopes for it in scope]
    while nodes:
        words, node = nodes.pop(0)
        options = node.get("options") or []
        inner = [it for it in options if it["type"] in groups]
        nodes += [(f"{words} {it['name']}", it) for it in inner]
        if not inner:
            yield words, options
