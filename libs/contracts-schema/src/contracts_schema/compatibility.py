"""Whether a message may change like this: readers and messages of both ages must get along.

An event is read by consumers older and newer than its publisher, and again from the archive: its
fields stay exactly what they were, and only fields with defaults may come. A command is read by
its owner alone: the owner may come to accept more, never less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NEVER_BELOW = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_NEVER_ABOVE = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_SHAPES = ("pattern", "format")

Schema = Mapping[str, Any]


def breaks(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Every change between two sets of schemas that some reader could not live with."""
    found = [f"{topic}: the message is gone" for topic in old if topic not in new]
    for topic in old.keys() & new.keys():
        found += [f"{topic}{text}" for text in breaks_of(old[topic], new[topic])]
    return sorted(found)


def breaks_of(old: Schema, new: Schema) -> list[str]:
    """The same for one message: each as ``/path: what changed``."""
    told = {"$id": "topic", "x-kind": "kind of message", "x-subject": "subject"}
    found = [
        f": the {word} changed from {old.get(key)} to {new.get(key)}"
        for key, word in told.items()
        if old.get(key) != new.get(key)
    ]
    both_ages = old.get("x-kind") != "command"
    walk = _Walk(old.get("$defs", {}), new.get("$defs", {}), both_ages)
    return found + list(walk.node(old, new, ""))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through two schemas side by side."""

    old_parts: Schema
    new_parts: Schema
    both_ages: bool
    """Whether older readers must understand newer messages too."""

    def node(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        old, new = _resolve(old, self.old_parts), _resolve(new, self.new_parts)
        was, now = _alternatives(old), _alternatives(new)
        if len(was) > 1 or len(now) > 1:
            yield from self._alternatives(was, now, path)
        elif old.get("type") != new.get("type"):
            yield f"{path}: the type changed from {old.get('type')} to {new.get('type')}"
        else:
            yield from self._choices(old, new, path)
            yield from self._limits(old, new, path)
            yield from self._fields(old, new, path)
            if "items" in old and "items" in new:
                yield from self.node(old["items"], new["items"], path + "/*")
        if "default" in old and "default" in new and old["default"] != new["default"]:
            yield f"{path}: leaving it out means {new['default']!r} now, not {old['default']!r}"

    def _alternatives(self, was: list[Any], now: list[Any], path: str) -> Iterator[str]:
        if any(self._unlike_all(it, now, forward=True) for it in was):
            yield f"{path}: a form of it is no longer allowed"
        if self.both_ages and any(self._unlike_all(it, was, forward=False) for it in now):
            yield f"{path}: it takes a form that older readers do not know"

    def _unlike_all(self, one: Schema, others: list[Any], forward: bool) -> bool:
        pairs = [(one, it) if forward else (it, one) for it in others]
        return all(any(self.node(old, new, "")) for old, new in pairs)

    def _choices(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = _values(old), _values(new)
        if now is not None and (was is None or not was <= now):
            yield f"{path}: values are no longer allowed: {_listed(was, now)}"
        if self.both_ages and was is not None and (now is None or not now <= was):
            yield f"{path}: older readers do not know the values {_listed(now, was)}"

    def _limits(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        for name in (*_NEVER_BELOW, *_NEVER_ABOVE, *_SHAPES):
            was, now = old.get(name), new.get(name)
            if was != now and (self.both_ages or not _wider(name, was, now)):
                yield f"{path}: {name} changed from {was} to {now}"

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        for name in was:
            if name not in now:
                yield f"{path}/{name}: the field is gone"
            else:
                yield from self.node(was[name], now[name], f"{path}/{name}")
        required, requires = set(old.get("required", ())), set(new.get("required", ()))
        yield from (f"{path}/{name}: it is required now" for name in sorted(requires - required))
        if self.both_ages:
            left = sorted((required - requires) & now.keys())
            yield from (f"{path}/{name}: older readers still require it" for name in left)
            if old.get("additionalProperties") is False:
                added = sorted(now.keys() - was.keys())
                yield from (f"{path}/{name}: older readers refuse unknown fields" for name in added)
        yield from self._others(old, new, path)

    def _others(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = (it.get("additionalProperties", True) for it in (old, new))
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from self.node(was, now, path + "/*")
        elif was != now and (self.both_ages or was is not False):
            yield f"{path}: what other fields it may have changed"


def _resolve(schema: Schema, parts: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found = _resolve(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _alternatives(schema: Schema) -> list[Any]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _values(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _listed(fewer: set[Any] | None, more: set[Any] | None) -> str:
    return ", ".join(sorted(map(str, (more or set()) ^ (fewer or set())))) or "others"


def _wider(name: str, was: Any, now: Any) -> bool:
    if now is None:
        return True
    if was is None or name in _SHAPES:
        return False
    return bool(now <= was if name in _NEVER_BELOW else now >= was)
