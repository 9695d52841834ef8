"""Why something is refused, in words: a refusal travels as a name and parameters.

Whoever shows a refusal words it in its reader's language. The words stand in
``<language>/<service>.toml``, and what several services say in ``common.toml``: under each name a
``detail``, which says what is wrong, and a ``next_action``, which says what to do about it. What
fills a slot is worded too where the catalogue has a text for it, under ``values`` and the slot's
name; that text may have slots of its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, ClassVar

FALLBACK = "en"
COMMON = "common"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SLOT = re.compile(r"\{([a-z_0-9]+)\}")


class Refused(Exception):
    """A refusal of some domain: what fills its words, and which words where it has several."""

    catalogue: ClassVar[str] = COMMON
    """Whose words: the name of a service."""

    def __init__(self, wording: str = "", **params: object) -> None:
        """``wording`` names the words; empty, they are those of the class: wrong_state."""
        super().__init__(wording, params)
        self.wording = f"{self.catalogue}.{wording}" if wording else self.own_wording()
        self.params = {name: str(value) for name, value in params.items()}

    @classmethod
    def own_wording(cls) -> str:
        """The name of the words that are used where no others are named."""
        return f"{cls.catalogue}.{_CAMEL.sub('_', cls.__name__).lower()}"

    def __str__(self) -> str:
        """What is wrong, in English."""
        return words(self.wording, FALLBACK, self.params).detail

    @property
    def in_full(self) -> str:
        """What is wrong and what to do about it, in English, for who looks after the system."""
        said = words(self.wording, FALLBACK, self.params)
        return f"{said.detail} {said.next_action}".strip()


@dataclass(frozen=True, slots=True)
class Words:
    """What a reader sees of a refusal."""

    detail: str
    next_action: str = ""


def words(name: str, locale: str = FALLBACK, params: Mapping[str, str] | None = None) -> Words:
    """The words of this name, like ``escrow.wrong_state``, filled, in this language or English.

    Raises KeyError if no language has them: that is a fault of the build.
    """
    for language in (locale, locale.partition("-")[0], FALLBACK):
        known = catalogue(language)
        if (found := known.get(name)) is not None:
            fill = _Filling(known, name.partition(".")[0], params or {})
            return Words(fill(found["detail"]), fill(found.get("next_action", "")))
    raise KeyError(f"no words for the refusal {name}")


def value(slot: str, params: Mapping[str, str], locale: str = FALLBACK) -> str:
    """How the catalogue words what fills this slot of a refusal, like ``contracts.next``.

    Raises KeyError if no language does: that is a fault of the build.
    """
    service, _, name = slot.partition(".")
    for language in (locale, locale.partition("-")[0], FALLBACK):
        known = catalogue(language)
        if params[name] in known.get(f"{service}.values", {}).get(name, {}):
            return _Filling(known, service, params)("{" + name + "}")
    raise KeyError(f"no words for {params[name]} as {slot}")


def of_input(error: Mapping[str, Any], locale: str = FALLBACK) -> str:
    """What is wrong with one field: the words of its ``code``, filled by its ``params``.

    An error that has no words, or lacks what fills them, says its own ``detail``.
    """
    name, params = f"input.{error['code']}", error.get("params", {})
    if has_words(name) and slots(name) <= params.keys():
        return words(name, locale, params).detail
    return str(error["detail"])


def filling(
    params: Mapping[str, str], errors: Sequence[Mapping[str, Any]], locale: str
) -> Mapping[str, str]:
    """What fills a refusal's words: of an input that does not fit, also the reason."""
    return {**params, "reason": of_input(errors[0], locale)} if errors else params


def slots(name: str) -> frozenset[str]:
    """The parameters that the words of this name ask for; raises KeyError if there are none."""
    if (said := catalogue(FALLBACK).get(name)) is None:
        raise KeyError(f"no words for the refusal {name}")
    return frozenset(_SLOT.findall(said["detail"] + said.get("next_action", "")))


def has_words(name: str) -> bool:
    """Whether there are words of this name."""
    return name in catalogue(FALLBACK)


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Every refusal of one language by its name; empty where the language is not there."""
    folder = resources.files(__package__) / language
    if not folder.is_dir():
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            service = entry.name.removesuffix(".toml")
            tree = tomllib.loads(entry.read_text("utf-8"))
            found |= {f"{service}.{name}": each for name, each in tree.items()}
    return found


@cache
def languages() -> tuple[str, ...]:
    """The languages that refusals are worded in."""
    folder = resources.files(__package__)
    return tuple(
        sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.is_dir() and not entry.name.startswith("_")
        )
    )


@dataclass(frozen=True, slots=True)
class _Filling:
    """Fills the slots of one refusal's texts."""

    known: Mapping[str, Mapping[str, Any]]
    service: str
    params: Mapping[str, str]

    def __call__(self, text: str) -> str:
        return _SLOT.sub(lambda slot: self._value(slot[1]), text)

    def _value(self, name: str) -> str:
        value = self.params.get(name, "{" + name + "}")
        values = self.known.get(f"{self.service}.values", {}).get(name, {})
        return self(values[value]) if value in values else value
