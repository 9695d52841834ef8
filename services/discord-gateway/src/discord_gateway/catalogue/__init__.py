"""Every text of the gateway itself, by key and language; what others say comes from notifier."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

FALLBACK = "en"
_SLOT = re.compile(r"\{([a-z_]+)\}")


class MissingText(KeyError):
    """There is no text under this key."""


@cache
def languages() -> Mapping[str, Mapping[str, str]]:
    """The catalogue of each language, flat: ``card.deadline`` → text."""
    folder = resources.files("discord_gateway.catalogue")
    return {
        entry.name.removesuffix(".toml"): _flat(tomllib.loads(entry.read_text("utf-8")))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }


def text(key: str, locale: str = FALLBACK, **values: object) -> str:
    """The text in this language, or in English; ``{slots}`` are filled with the values."""
    known = languages()
    for language in (locale, locale.partition("-")[0], FALLBACK):
        if (found := known.get(language, {}).get(key)) is not None:
            return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), found)
    raise MissingText(key)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = str(value)
    return found
