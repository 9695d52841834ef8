"""What a service says of its REST interface (OpenAPI 3.1), beyond what FastAPI knows of it.

Who may call an operation follows from what its handler asks for; the problem and money are
described once. Made when somebody first asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts_schema.money import Money
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from chassis.http.auth import ADMINISTER, READ, READING, WRITE, caller, live_caller
from chassis.http.documented import Problem, documented

ACCESS_TOKEN, API_KEY = "accessToken", "apiKey"
SCHEMES = {
    ACCESS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login.",
    },
    API_KEY: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hfk_...",
        "description": "An API key; it is good for the scopes that it was made with.",
    },
}
LOGIN_ONLY = {"security": [{ACCESS_TOKEN: [WRITE]}]}
"""What ``openapi_extra=`` of a route takes that no API key may call."""
LOGIN_OR_NOT = {"security": [{}, {ACCESS_TOKEN: [READ]}, {API_KEY: [READ]}]}
"""The same for what anybody may read, and a login shows more of."""

_COMPONENTS = "#/components/schemas/"
_MONEY: Mapping[str, Any] = TypeAdapter(Money).json_schema()
_MONEY_REFERENCE = _COMPONENTS + "Money"
_FASTAPI_S_OWN = ("HTTPValidationError", "ValidationError")


def completed(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    """FastAPI's description with what it does not know: who may call, and what is refused how."""
    for operation, route, method in _operations(document, app):
        operation.setdefault("security", _security(route, method))
        _complete_refusals(operation)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPI_S_OWN:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(mode="serialization")
    names = _plain_names(schemas)
    document = _rewritten(document, {_COMPONENTS + old: _COMPONENTS + names[old] for old in names})
    found = {names[old]: schema for old, schema in document["components"]["schemas"].items()}
    if _MONEY_REFERENCE in json.dumps(document):
        found["Money"] = dict(_MONEY)
    for name, schema in found.items():
        schema["title"] = name
    document["components"] = {"schemas": found, "securitySchemes": SCHEMES}
    return document


def _operations(
    document: dict[str, Any], app: FastAPI
) -> Iterator[tuple[dict[str, Any], APIRoute, str]]:
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield document["paths"][route.path_format][method.lower()], route, method


def _security(route: APIRoute, method: str) -> list[dict[str, list[str]]]:
    """Which logins may call it, and with which scopes; an empty list: whoever comes."""
    if not _asks_who(route.dependant):
        return []
    scopes = [READ if method in READING else WRITE]
    if route.path.startswith("/v1/admin/"):
        scopes.append(ADMINISTER)
    return [{ACCESS_TOKEN: scopes}, {API_KEY: scopes}]


def _asks_who(asked: Dependant) -> bool:
    return asked.call in (caller, live_caller) or any(map(_asks_who, asked.dependencies))


def _complete_refusals(operation: dict[str, Any]) -> None:
    """Name what the chassis itself may answer, and nothing that FastAPI would have."""
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = responses["422"] if _is_ours(responses["422"]) else _refusal(422)
    statuses = {401, 403, 503} if operation["security"] else {503}
    if "requestBody" in operation:
        statuses |= {413, 422}
    for status in statuses:
        responses.setdefault(str(status), _refusal(status))


def _is_ours(response: Mapping[str, Any]) -> bool:
    return "application/json" not in response.get("content", {})


def _refusal(status: int) -> dict[str, Any]:
    return documented(status)[status]


def _plain_names(schemas: Iterable[str]) -> dict[str, str]:
    """Each component's name, with what it belongs to where two have the same: OfferState."""
    plain = {}
    for name in schemas:
        *_, owner, own = ("", *name.removesuffix("-Input").removesuffix("-Output").split("__"))
        plain[name] = owner.title().replace("_", "") + own
    if len(set(plain.values())) < len(plain):
        raise ValueError(f"two components would have one name: {plain}")
    return plain


def _rewritten(value: Any, references: Mapping[str, str]) -> Any:
    """The same with its references as they are named now, and one to money where it stood."""
    if isinstance(value, list):
        return [_rewritten(each, references) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return value | {"$ref": references.get(value["$ref"], value["$ref"])}
    if value.items() >= _MONEY.items():
        said = {key: each for key, each in value.items() if key not in _MONEY}
        return {"$ref": _MONEY_REFERENCE} | said
    return {key: _rewritten(each, references) for key, each in value.items()}
