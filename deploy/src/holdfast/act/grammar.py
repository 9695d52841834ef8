"""What may be written behind `./holdfast act PERSON`, read into steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

FORMS = {
    '/listing create game="Pet Island" price=4500': "type a command, and fill in its form",
    'press "Make offer" amount=4300': "press a button or a link, and fill in its form",
    'press "Accept" "Yes, accept"': "press one after the other",
    'press "Make offer" on "Pet Island"': "press it on the card that has these words",
    'transfer "Pet Island" to=buyer': "hand a game over, at Roblox",
}
"""What can be asked for, each with what it does."""
_KEYWORDS = ("press", "transfer")
_VALUE = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)=(.*)", re.DOTALL)


class Misread(ValueError):
    """The words mean nothing; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command, with values for its options and its form."""

    command: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button by what stands on it, with values for what it opens."""

    label: str
    card: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transferred:
    """A game that is given to somebody else, at Roblox."""

    game: str
    to: str


Step = Typed | Pressed | Transferred


def read(words: Sequence[str]) -> list[Step]:
    """The steps that the words ask for, in their order."""
    left = list(words)
    steps: list[Step] = []
    while left:
        word = left.pop(0)
        if word.startswith("/"):
            steps.append(_typed(word, left))
        elif word == "press":
            steps += _pressed(left)
        elif word == "transfer":
            steps.append(_transferred(left))
        else:
            raise Misread(f"{word!r} is no command (these begin with /), nor press, nor transfer")
    return steps


def _typed(first: str, left: list[str]) -> Typed:
    words = [first, *_plain(left)]
    return Typed(" ".join(" ".join(words).split()).lstrip("/"), _values(left))


def _pressed(left: list[str]) -> list[Pressed]:
    steps = []
    while label := _next(left):
        card = ""
        if left[:1] == ["on"]:
            del left[0]
            card = _next(left)
        steps.append(Pressed(label, card, _values(left)))
    if not steps:
        raise Misread('press what? Name the button: press "I agree"')
    return steps


def _transferred(left: list[str]) -> Transferred:
    game, values = " ".join(_plain(left)), _values(left)
    if not game or set(values) != {"to"}:
        raise Misread('transfer what to whom? transfer "Tower Defence Legends" to=buyer')
    return Transferred(game, values["to"])


def _is_plain(word: str) -> bool:
    return not (word in _KEYWORDS or word.startswith("/") or _VALUE.fullmatch(word))


def _next(left: list[str]) -> str:
    return left.pop(0) if left and _is_plain(left[0]) else ""


def _plain(left: list[str]) -> list[str]:
    taken = []
    while word := _next(left):
        taken.append(word)
    return taken


def _values(left: list[str]) -> dict[str, str]:
    values = {}
    while left and (found := _VALUE.fullmatch(left[0])):
        values[found[1]] = found[2]
        del left[0]
    return values
