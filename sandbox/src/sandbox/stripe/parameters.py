"""Every request parameter held against Stripe's description: name, type, duty.

The table in `parameters.json` is made by `describe.py`. A leaf is `i` integer, `n` number,
`b` boolean, `s` string (`s22`: at most 22 characters), `=a,b` one of; `["[]", x]` is a list,
`["|", x, y]` a choice; an object lists its fields, `!` the required ones, `*` any other name.
"""

import json
import re
from pathlib import Path
from typing import Any

from sandbox.stripe.errors import StripeError, invalid, missing_parameter, unknown_parameters
from sandbox.stripe.form import Tree

TABLE: dict[str, Any] = json.loads(
    Path(__file__).with_name("parameters.json").read_text(encoding="utf-8")
)
INTEGER = re.compile(r"-?\d{1,15}\Z")
MAX_TEXT = 5000


def check(endpoint: str, raw: Tree) -> dict[str, Any]:
    """The parameters with their real types; the first that is wrong is refused."""
    return _object(raw, TABLE[endpoint], "")


def _value(value: str | Tree, spec: Any, name: str) -> Any:
    if isinstance(spec, list):
        return _choice(value, spec[1:], name) if spec[0] == "|" else _list(value, spec[1], name)
    if isinstance(spec, dict):
        return _object(value, spec, name)
    if isinstance(value, Tree):
        raise invalid(f"Invalid {_kind(spec)}: {json.dumps(value)}", name)
    if value == "" and not (spec[0] == "=" and "" in spec[1:].split(",")):
        raise _empty(name)
    return _scalar(value, spec, name)


def _kind(spec: str) -> str:
    return {"i": "integer", "n": "number", "b": "boolean"}.get(spec, "string")


def _scalar(value: str, spec: str, name: str) -> Any:
    if spec == "i":
        if not INTEGER.match(value):
            raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
        return int(value)
    if spec == "b":
        if value not in ("true", "false"):
            raise invalid(f"Invalid boolean: {value}", name)
        return value == "true"
    if spec[0] == "=":
        options = spec[1:].split(",")
        if value not in options:
            raise invalid(f"Invalid {name}: must be one of {', '.join(options)}", name)
        return value
    limit = int(spec[1:]) if spec[0] == "s" and len(spec) > 1 else MAX_TEXT
    if len(value) > limit:
        message = f"Invalid string: {value[:20]}…; must be at most {limit} characters"
        raise invalid(message, name, "parameter_invalid_string")
    return value


def _choice(value: str | Tree, options: list[Any], name: str) -> Any:
    refusal = invalid(f"Invalid value for {name}", name)
    shaped = False
    for option in options:
        try:
            return _value(value, option, name)
        except StripeError as error:
            # The most telling refusal is the one of the option with the value's own shape.
            if not shaped:
                refusal, shaped = error, isinstance(option, dict) == isinstance(value, Tree)
    raise refusal


def _list(value: str | Tree, spec: Any, name: str) -> list[Any]:
    if not isinstance(value, Tree) or not all(index.isdigit() for index in value):
        raise invalid("Invalid array", name)
    ordered = sorted(value.items(), key=lambda item: int(item[0]))
    return [_value(item, spec, f"{name}[{index}]") for index, item in ordered]


def _object(value: str | Tree, spec: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(value, Tree):
        raise invalid("Invalid object", name)
    others = spec.get("*")
    unknown = [k for k in value if k not in spec or k in ("!", "*")] if others is None else []
    if unknown:
        raise unknown_parameters([_path(name, key) for key in unknown])
    for required in spec.get("!", ()):
        if required not in value:
            raise missing_parameter(_path(name, required))
    return {
        key: _member(item, spec.get(key, others), _path(name, key), mapped=key not in spec)
        for key, item in value.items()
    }


def _member(item: str | Tree, spec: Any, name: str, mapped: bool) -> Any:
    # In a map such as metadata an empty value asks to unset the key.
    return "" if mapped and item == "" else _value(item, spec, name)


def _path(parent: str, key: str) -> str:
    return f"{parent}[{key}]" if parent else key


def _empty(name: str) -> StripeError:
    return invalid(
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset "
        f"a field; however '{name}' cannot be unset. You should remove '{name}' from your request "
        "or supply a non-empty value.",
        name,
        "parameter_invalid_empty",
    )


def merge_metadata(old: dict[str, str], new: dict[str, str] | str | None) -> dict[str, str]:
    """Stripe's metadata rules: 50 keys, 40 and 500 characters, an empty value unsets."""
    if new is None:
        return dict(old)
    if not isinstance(new, dict):
        return {}
    for key, value in new.items():
        if len(key) > 40:
            raise invalid(f"Metadata keys can be at most 40 characters: {key}", "metadata")
        if len(value) > 500:
            message = f"Metadata values can be at most 500 characters: {key}"
            raise invalid(message, f"metadata[{key}]")
    merged = {key: value for key, value in {**old, **new}.items() if value != ""}
    if len(merged) > 50:
        raise invalid("You can have up to 50 metadata keys.", "metadata")
    return merged
