"""An example of each message, made from its schema: always the same one, so that it can be kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ID = re.compile(r"\^\(?(\[a-z\]\{2,5\}|[a-z]+)\)?_\(?\[0-7\]")
_NUMBER = "01hzy3k8m9n0p1q2r3s4t5v6w7"
_BY_PATTERN = {
    "^[0-9a-f]{64}$": "ab" * 32,
    "^(note|link|file)$": "note",
    "^https?://": "https://holdfast.invalid/page",
    "^[a-z_]{2,24}$": "accept",
    "^/v1/[A-Za-z0-9_/-]+$": "/v1/contracts",
}
_BY_FORMAT = {
    "date-time": "2026-03-01T12:00:00Z",
    "uuid": "0190f0c0-0000-7000-8000-000000000001",
    "uri": "https://holdfast.invalid/page",
}


def example(schema: Mapping[str, Any]) -> Any:
    """A value that fits the schema, with every optional field filled in."""
    return _of(schema, schema.get("$defs", {}))


def _of(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _of(parts[schema["$ref"].rpartition("/")[2]], parts)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _of(schema[key][0], parts)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][-1]
    return _of_type(schema, parts)


def _of_type(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            return {key: _of(it, parts) for key, it in schema.get("properties", {}).items()}
        case "array":
            return [_of(schema["items"], parts)] if "items" in schema else []
        case "string":
            return _text(schema)
        case "boolean":
            return True
        case "integer":
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1, 7)
        case _:
            raise ValueError(f"no example is known for {schema}: say here what one looks like")


def _text(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _BY_FORMAT[schema["format"]]
    pattern = schema.get("pattern")
    if pattern is None:
        return "words"[: schema.get("maxLength", 5)]
    if (found := _ID.match(pattern)) is not None:
        prefix = found.group(1)
        return f"{'xyz' if prefix.startswith('[') else prefix}_{_NUMBER}"
    if pattern not in _BY_PATTERN:
        raise ValueError(f"no example is known for the pattern {pattern}: add one here")
    return _BY_PATTERN[pattern]
