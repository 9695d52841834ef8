"""What answers hold: the fields that their description names, and of other people nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from access_people import PEOPLE, STRANGER, Subject
from access_stages import ROUTES, Stage
from chassis_client import discord_id
from contracts_schema.ids import uuid7

SECRETS = re.compile(
    r"hf[rk]_[0-9a-f]{16}|eyJ[\w-]{16,}\.|(token|key|state)_hash|verifier|password"
)
"""Credentials, and the names of fields that only a service itself has."""
MAKES_KEYS = "POST /v1/api-keys"
TOKENS = frozenset({"POST /internal/token-exchange", "POST /internal/introspect", MAKES_KEYS})
"""Who asks these is given a credential, or what one of theirs says."""
SEEN_BY = (Subject.ANONYMOUS, Subject.STRANGER, Subject.WRITE_KEY, Subject.ADMIN)
SERVICES = ("identity", "listings", "contracts", "escrow", "verification", "notifier")


@pytest.mark.abuse("A11")
@pytest.mark.parametrize("service", SERVICES)
async def test_an_answer_holds_what_its_description_names_and_nothing_else(service, stage):
    described = stage.app.openapi()
    checked = 0
    for route, subject, answer, asking in _answers(service):
        told = await answer(stage)
        if told is None:
            continue
        status, body, text = told
        schema = _schema_of(described, route, status) if status < 300 else None
        if schema is not None:
            assert list(_undescribed(described, schema, body)) == [], (route, subject)
            checked += 1
        if route not in TOKENS:
            assert SECRETS.search(text) is None, (route, subject, text)
        others = [discord_id(it) for it in PEOPLE if it.user_id != asking]
        if subject in (Subject.ANONYMOUS, Subject.STRANGER):
            assert not [it for it in others if f'"{it}"' in text], (route, subject, text)
    assert checked


def _answers(service: str) -> Iterator[tuple[str, Subject, Any, str]]:
    """Each route as each subject: what asks it, when it is its turn."""
    for route, asked in ROUTES[service].items():
        for subject in SEEN_BY:
            own = {Subject.WRITE_KEY: asked.party, Subject.STRANGER: STRANGER}.get(subject)
            who = own.user_id if own else ""

            async def answer(
                stage: Stage, route: str = route, asked: Any = asked, subject: Subject = subject
            ) -> tuple[int, Any, str] | None:
                method, path = route.split(" ")
                made = await stage.path_of(asked)
                headers = await stage.people.headers(subject, asked.party, asked.service)
                headers["Idempotency-Key"] = uuid7().hex
                body = asked.body(made) if callable(asked.body) else asked.body
                told = await stage.client.request(
                    method, path.format(**made), headers=headers, json=body
                )
                if "json" not in told.headers.get("content-type", ""):
                    return None
                return told.status_code, told.json(), told.text

            yield route, subject, answer, who


def _schema_of(described: Any, route: str, status: int) -> Any:
    """How the answer of this status is described; None where the route is not told of."""
    method, path = route.split(" ")
    operation = described["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return None
    answer = operation["responses"].get(str(status), {}).get("content", {})
    found = next((it for kind, it in answer.items() if "json" in kind), {}).get("schema")
    return found or None


def _undescribed(described: Any, schema: Any, body: Any, at: str = "") -> Iterator[str]:
    """Where the body holds a field that the schema does not name."""
    schema = _resolved(described, schema)
    kinds = schema.get("anyOf") or schema.get("oneOf")
    if kinds is not None:
        found = [list(_undescribed(described, each, body, at)) for each in kinds]
        yield from min(found, key=len)
    elif isinstance(body, list):
        for number, each in enumerate(body):
            yield from _undescribed(described, schema.get("items", {}), each, f"{at}/{number}")
    elif isinstance(body, Mapping):
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, value in body.items():
            if name in named:
                yield from _undescribed(described, named[name], value, f"{at}/{name}")
            elif not others:
                yield f"{at}/{name}"


def _resolved(described: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
