"""Stripe's own description, where it lies beside the project, as a judge of the stand-in."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "stripe"
ABSENT = f"Stripe's description is not at {FOLDER}"
FORM = "application/x-www-form-urlencoded"


def is_there() -> bool:
    return (FOLDER / "openapi.json").is_file()


@cache
def raw() -> dict[str, Any]:
    return json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))


@cache
def fixtures() -> dict[str, Any]:
    return json.loads((FOLDER / "fixtures.json").read_text(encoding="utf-8"))


@cache
def description() -> dict[str, Any]:
    return _without_nullable(raw())


def _without_nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as a choice that JSON Schema knows."""
    if isinstance(node, list):
        return [_without_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    rewritten = {key: _without_nullable(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is True:
        return {"anyOf": [rewritten, {"type": "null"}]}
    return rewritten


@cache
def _validator(pointer: tuple[str, ...]) -> Draft4Validator:
    node: Any = description()
    for step in pointer:
        node = node[step]
    # The schema refers to `#/components/…`: give it those as a neighbour.
    schema = {**node, "components": description()["components"]}
    registry: Registry[Any] = Registry().with_resource("", DRAFT4.create_resource(schema))
    return Draft4Validator(schema, registry=registry)


def _faults(pointer: tuple[str, ...], value: Any) -> list[str]:
    errors = _validator(pointer).iter_errors(value)
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in errors]


def faults_of_response(endpoint: str, status: int, body: Any) -> list[str]:
    """How an answer differs from what the description promises for the endpoint."""
    method, path = endpoint.split(" ", 1)
    which = "200" if status == 200 else "default"
    steps = ("paths", path, method.lower(), "responses", which, "content", "application/json")
    return _faults((*steps, "schema"), body)


def faults_of_request(endpoint: str, params: Any) -> list[str]:
    """How checked parameters differ from the description of the request body."""
    method, path = endpoint.split(" ", 1)
    operation = description()["paths"][path][method.lower()]
    if FORM not in operation.get("requestBody", {}).get("content", {}):
        return []
    steps = ("paths", path, method.lower(), "requestBody", "content", FORM, "schema")
    return _faults(steps, params)


def faults_of_object(value: dict[str, Any]) -> list[str]:
    """How any object differs from the schema of its kind."""
    return _faults(("components", "schemas", value["object"]), value)
