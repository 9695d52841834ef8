"""What the sandbox is told at its start: one JSON file, one section for each party."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


class BadConfig(Exception):
    """The configuration cannot be used; the message names the key and what it should hold."""


@dataclass(frozen=True, slots=True)
class Section:
    """One party's settings, read key by key, each checked for its type."""

    name: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, key: str, default: str) -> str:
        """A string, or the default where the key is absent."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise BadConfig(f"{self.name}.{key} must be a string")
        return value

    def whole(self, key: str, default: int) -> int:
        """An integer, or the default where the key is absent."""
        value = self.values.get(key, default)
        if type(value) is not int:
            raise BadConfig(f"{self.name}.{key} must be an integer")
        return value

    def seconds(self, key: str, default: float) -> float:
        """A length of time in seconds, never negative."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadConfig(f"{self.name}.{key} must be a number of seconds, 0 or more")
        return float(value)

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of strings, or the default where the key is absent."""
        value = self.values.get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise BadConfig(f"{self.name}.{key} must be a list of strings")
        return tuple(value)

    def allow_only(self, *keys: str) -> "Section":
        """Refuse a key that no one reads, so that a typing error is not silently ignored."""
        unknown = sorted(set(self.values) - set(keys))
        if unknown:
            raise BadConfig(f"{self.name} knows no {', '.join(unknown)}; it knows {sorted(keys)}")
        return self


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one sandbox: where it is reached, and a section per party."""

    base_url: str
    stripe: Section = field(default_factory=lambda: Section("stripe"))
    roblox: Section = field(default_factory=lambda: Section("roblox"))
    discord: Section = field(default_factory=lambda: Section("discord"))


PARTIES = ("stripe", "roblox", "discord")


def parse(document: object, base_url: str) -> Config:
    """Make a Config of a JSON document `{"stripe": {…}, "roblox": {…}, "discord": {…}}`."""
    if not isinstance(document, dict):
        raise BadConfig("the configuration must be a JSON object with a section per party")
    unknown = sorted(set(document) - set(PARTIES))
    if unknown:
        raise BadConfig(f"unknown section {', '.join(unknown)}; known are {', '.join(PARTIES)}")
    sections: dict[str, Section] = {}
    for name in PARTIES:
        values = document.get(name, {})
        if not isinstance(values, dict):
            raise BadConfig(f"section {name} must be an object")
        sections[name] = Section(name, MappingProxyType(values))
    return Config(base_url, **sections)


def load(path: Path | None, base_url: str) -> Config:
    """Read the configuration file; without one every party runs on its defaults."""
    if path is None:
        return parse({}, base_url)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot read {path}: {error}") from error
    return parse(document, base_url)
