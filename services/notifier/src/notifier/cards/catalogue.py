"""Texts by key and language; a text that is missing is a fault of the build, not of the day."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

FALLBACK = "en"
_SLOT = re.compile(r"\{([a-z_0-9]+)\}")


class MissingText(KeyError):
    """No text under this key in any language."""


class Catalogue:
    """Every text a person sees, by language."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        self._texts = {language: _flat(tree) for language, tree in languages.items()}

    @classmethod
    def load(cls) -> Catalogue:
        """Read the catalogues that ship with the package."""
        folder = resources.files("notifier") / "catalogue"
        return cls(
            {
                entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
                for entry in folder.iterdir()
                if entry.name.endswith(".toml")
            }
        )

    def keys(self, language: str = FALLBACK) -> frozenset[str]:
        """Every key of one language."""
        return frozenset(self._texts[language])

    def text(self, locale: str, key: str, params: Mapping[str, str]) -> str:
        """The text in the reader's language, or in English; slots are filled, nothing is run."""
        for language in (locale, locale.partition("-")[0], FALLBACK):
            if (found := self._texts.get(language, {}).get(key)) is not None:
                return _SLOT.sub(lambda slot: params.get(slot[1], slot[0]), found)
        raise MissingText(key)

    def has(self, key: str) -> bool:
        """Whether the key exists at all."""
        return key in self._texts[FALLBACK]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = str(value)
    return found
