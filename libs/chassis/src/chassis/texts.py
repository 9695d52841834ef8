"""Every text that a person reads, by language and key; one that is missing is the build's fault.

A service keeps its texts in ``<package>/texts/<language>.toml``; tables nest into keys like
``card.deadline``. Whoever shows a text words it in its reader's language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

FALLBACK = "en"
_SLOT = re.compile(r"\{([a-z_0-9]+)\}")


class MissingText(KeyError):
    """No text under this key in any language."""


class Texts:
    """The texts of one package, by language."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the catalogue of each language, nested as TOML nests it."""
        self._languages = {name: _flat(tree) for name, tree in languages.items()}

    def languages(self) -> frozenset[str]:
        """The languages there are."""
        return frozenset(self._languages)

    def keys(self, language: str = FALLBACK) -> frozenset[str]:
        """Every key of one language."""
        return frozenset(self._languages[language])

    def has(self, key: str) -> bool:
        """Whether the key exists at all."""
        return key in self._languages[FALLBACK]

    def text(self, key: str, locale: str = FALLBACK, **values: object) -> str:
        """The text in this language, else in English; ``{slots}`` are filled, nothing is run."""
        for language in (locale, locale.partition("-")[0], FALLBACK):
            if (found := self._languages.get(language, {}).get(key)) is not None:
                return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), found)
        raise MissingText(key)


@cache
def texts_of(package: str) -> Texts:
    """The texts that ship with a package, read once."""
    folder = resources.files(package) / "texts"
    return Texts(
        {
            entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
            for entry in folder.iterdir()
            if entry.name.endswith(".toml")
        }
    )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = str(value)
    return found
