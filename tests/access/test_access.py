"""Every route of every service, asked by everybody: who may is in docs/access.md, and nobody else.

Each answer is of the running service on its own database; logins and API keys are a real
identity's, which every service asks about them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from access_people import ADMIN, Subject
from access_stages import ROUTES, Asked, Stage
from access_table import EVERY, declared, routes
from chassis import principals
from chassis.storage.database import Database
from contracts_schema.events.identity import PlatformRole, Tier
from contracts_schema.ids import new_id, uuid7

SERVICES = [name for name in ROUTES if name != EVERY]
RIGHTS = pytest.mark.abuse("A12", "A1", "A5")


@pytest.mark.abuse("API9")
@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_is_declared_and_every_declared_route_is_there(service, stage):
    table = declared()

    assert sorted(routes(stage.app)) == sorted([*table[EVERY], *table.get(service, {})])
    assert sorted(ROUTES[service]) == sorted(table.get(service, {}))


@pytest.mark.invariant("V23")
@RIGHTS
@pytest.mark.parametrize("service", SERVICES)
async def test_each_route_answers_each_subject_as_it_is_declared(service, stage):
    table = declared()
    asked = ROUTES[EVERY] | ROUTES[service]
    expected = table[EVERY] | table.get(service, {})

    answered = {
        route: {subject: await _status(stage, route, one, subject) for subject in Subject}
        for route, one in asked.items()
    }

    assert answered == expected


async def _status(stage: Stage, route: str, asked: Asked, subject: Subject) -> int:
    """Ask as this subject, about a new thing; a refusal names its next step and changes nothing."""
    method, path = route.split(" ")
    made = await stage.path_of(asked)
    filled, body = path.format(**made), _body(asked, made)
    headers = await stage.people.headers(subject, asked.party, asked.service)
    headers["Idempotency-Key"] = uuid7().hex
    before = await _traces(stage)
    async with _demoted(stage, asked.party.user_id, subject is Subject.BELOW):
        answer = await stage.client.request(method, filled, headers=headers, json=body)
    if answer.status_code in (401, 403, 404):
        assert await _traces(stage) == before, f"{route} as {subject} changed something"
        assert "text/html" in answer.headers["content-type"] or answer.json()["next_action"]
    return answer.status_code


def _body(asked: Asked, made: dict[str, str]) -> Any:
    return asked.body(made) if callable(asked.body) else asked.body


async def _traces(stage: Stage) -> tuple[int, ...]:
    """What a change leaves behind: events, audit entries, kept answers."""
    tables = ("outbox", "audit_entries", "idempotency_keys")
    counts = [await stage.database.value(f"SELECT count(*) FROM {name}") for name in tables]
    return tuple(counts)


@asynccontextmanager
async def _demoted(stage: Stage, user_id: str, really: bool) -> AsyncIterator[None]:
    """The person's tier is taken from them meanwhile, and the service has heard of it."""
    identity = stage.people.identity.db
    places = ((identity, "users"), (identity, "principals"), (stage.database, "principals"))
    async with AsyncExitStack() as stack:
        for database, table in places if really else ():
            changed = _set(database, table, "tier", user_id, Tier.TIER_0)
            await stack.enter_async_context(changed)
        yield


@asynccontextmanager
async def _set(
    database: Database, table: str, column: str, user_id: str, value: str
) -> AsyncIterator[None]:
    """The person has this value meanwhile."""
    where = f"{table} WHERE user_id = $1"
    before = await database.value(f"SELECT {column} FROM {where}", user_id)

    async def write(now: str) -> None:
        async with database.transaction() as tx:
            await tx.run(f"UPDATE {table} SET {column} = $2 WHERE user_id = $1", user_id, now)

    await write(value)
    try:
        yield
    finally:
        await write(before)


@pytest.mark.abuse("A12")
@pytest.mark.parametrize("service", ["identity", "contracts", "escrow"])
async def test_an_administrator_s_key_without_the_scope_is_told_so(service, stage):
    for route, asked in ROUTES[service].items():
        method, path = route.split(" ")
        if not path.startswith("/v1/admin/"):
            continue
        headers = await stage.people.headers(Subject.ADMIN_WRITE_KEY, asked.party, asked.service)
        made = await stage.path_of(asked)
        headers["Idempotency-Key"] = uuid7().hex
        answer = await stage.client.request(
            method, path.format(**made), headers=headers, json=_body(asked, made)
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), route
        assert answer.json()["params"] == {"scope": "admin"}


@pytest.mark.abuse("A1")
@pytest.mark.parametrize("service", ["listings", "contracts", "escrow", "verification", "identity"])
async def test_what_is_somebody_else_s_looks_like_what_does_not_exist(service, stage):
    table = declared()[service]
    for route, asked in ROUTES[service].items():
        expected = table[route]
        if (expected[Subject.ANONYMOUS], expected[Subject.STRANGER]) != (401, 404):
            continue
        headers = await stage.people.headers(Subject.STRANGER, asked.party, asked.service)
        method, path = route.split(" ")
        theirs = await stage.path_of(asked)
        nobodys = {name: _another(value) for name, value in theirs.items()}
        told = []
        for ids in (theirs, nobodys):
            sent = headers | {"Idempotency-Key": uuid7().hex}
            answer = await stage.client.request(
                method, path.format(**ids), headers=sent, json=asked.body
            )
            said = answer.json()
            for value in ids.values():
                said = json.loads(json.dumps(said).replace(value, "ID"))
            told.append((answer.status_code, said | {"request_id": "", "trace_id": ""}))
        assert told[0] == told[1], route


LIVE_ROUTES = {
    "contracts": "POST /v1/admin/contract-templates",
    "escrow": "POST /v1/admin/ledger/resume",
}


@pytest.mark.invariant("V21")
@pytest.mark.abuse("J4")
@pytest.mark.parametrize("service", sorted(LIVE_ROUTES))
async def test_a_role_that_identity_took_is_gone_at_once_whatever_the_service_s_copy_says(
    service, stage
):
    asked = ROUTES[service][LIVE_ROUTES[service]]
    method, path = LIVE_ROUTES[service].split(" ")
    made = await stage.path_of(asked)
    headers = await stage.people.headers(Subject.ADMIN, asked.party, asked.service)
    headers["Idempotency-Key"] = uuid7().hex
    before = await _traces(stage)

    async with _set(stage.people.identity.db, "users", "role", ADMIN.user_id, PlatformRole.USER):
        answer = await stage.client.request(
            method, path.format(**made), headers=headers, json=_body(asked, made)
        )

    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    assert await _traces(stage) == before
    known = await principals.by_user_id(stage.database, ADMIN.user_id)
    assert known.role is PlatformRole.ADMIN, "the service's copy was to be the stale one"


def _another(value: str) -> str:
    """An id of the same kind that nothing has."""
    prefix, _, rest = value.partition("_")
    return new_id(prefix) if rest else value + "9"
