"""The interface descriptions say who may call what as docs/access.md does, which is tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from access_people import Subject
from access_table import EVERY, declared

FOLDER = Path(__file__).parents[2] / "docs" / "openapi"
SERVICES = sorted(path.stem for path in FOLDER.glob("*.json"))
DONE = range(200, 300)
BY_REFRESH_TOKEN = {"POST /v1/auth/logout", "POST /v1/auth/refresh"}
"""Whoever holds one needs no login; the table asks without one."""


def operations(service: str) -> dict[str, Any]:
    document = json.loads((FOLDER / f"{service}.json").read_text("utf-8"))
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def told(row: dict[Subject, int]) -> tuple[bool, set[str], set[str]]:
    """By the table: whether it needs a login, a token's scopes, and an API key's (none: no key)."""
    if row[Subject.ANONYMOUS] != 401:
        return False, set(), set()
    scopes = {"read" if row[Subject.READ_KEY] != 403 else "write"}
    for_admins = row[Subject.ADMIN] in DONE and row[Subject.STRANGER] == 403
    if for_admins:
        return True, {"admin"}, {"admin"}
    return True, scopes, scopes if row[Subject.WRITE_KEY] != 403 else set()


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_names_the_logins_and_scopes_that_it_takes(service):
    table = declared()[service]
    for name, operation in operations(service).items():
        needs_login, of_token, of_key = told(table[name])
        offered = operation["security"]
        if not needs_login or name in BY_REFRESH_TOKEN:
            assert offered == [] or {} in offered, name
            continue
        schemes = {scheme: set(scopes) for each in offered for scheme, scopes in each.items()}
        assert {} not in offered, name
        assert of_token <= schemes["accessToken"], name
        assert schemes.get("apiKey", set()) >= of_key, name
        assert ("apiKey" in schemes) == bool(of_key), name
        assert ("admin" in schemes["accessToken"]) == ("admin" in of_token), name


@pytest.mark.abuse("API9")
@pytest.mark.parametrize("service", SERVICES)
def test_what_is_for_services_and_operators_is_not_described(service):
    described = operations(service)

    assert described
    assert not [name for name in described if "/internal/" in name or name in declared()[EVERY]]
