"""What another rail costs: an adapter, its settings, a line in the registry, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import escrow
from contracts_schema.terms import Rail

HOME = Path(escrow.__file__).parent
ALLOWED = ("adapters/", "migrations/", "texts/", "settings.py")


def mentioning(words: str) -> list[str]:
    """The files outside of where a provider may be named that mention one."""
    pattern = re.compile(words, re.IGNORECASE)
    return [
        str(file.relative_to(HOME))
        for file in sorted(HOME.rglob("*.*"))
        if file.suffix in (".py", ".toml", ".html")
        and not str(file.relative_to(HOME)).startswith(ALLOWED)
        and pattern.search(file.read_text("utf-8"))
    ]


def test_no_provider_is_named_outside_of_its_adapter():
    assert mentioning("stripe") == []
    assert mentioning("|".join(rf"Rail\.{rail.name}\b" for rail in Rail)) == []
    assert mentioning("error") != [], "the search finds what is there"
