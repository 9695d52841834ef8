"""Words of SQL in filters, cursors, ids and texts: they find nothing, break nothing, stay words."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from access_people import BUYER, SELLER, Subject
from access_stages import ROUTES, THINGS, Stage
from contracts_schema.ids import uuid7

WORDS = (
    "' OR '1'='1",
    "'; DROP TABLE outbox; --",
    "x') OR true --",
    "' UNION SELECT user_id, discord_id, tier FROM principals --",
    "1; SELECT pg_sleep(20)",
    "\\' OR 1=1 --",
    "$1",
    "%",
    "_" * 10,
    "{}",
    "ACTIVE' AND visibility='PRIVATE",
)
LISTED = {
    "listings": ("offer", "/v1/listings", BUYER),
    "contracts": ("contract", "/v1/contracts", BUYER),
    "escrow": ("open", "/v1/escrows", BUYER),
    "identity": ("key", "/v1/api-keys", SELLER),
    "verification": ("verification", "", SELLER),
    "notifier": ("", "", SELLER),
}
"""What there is to find in each service, and where it is found by whom."""


async def _rows(stage: Stage) -> dict[str, int]:
    """How many rows each table has that the service reads, and so that it is there."""
    found = await stage.database.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        " AND has_table_privilege(schemaname || '.' || tablename, 'SELECT')"
    )
    names = sorted(row["tablename"] for row in found)
    return {it: await stage.database.value(f'SELECT count(*) FROM "{it}"') for it in names}


def _queries(stage: Stage) -> list[tuple[str, list[str]]]:
    """Each route that is read, and the names of what its query takes."""
    paths = stage.app.openapi()["paths"]
    return [
        (f"GET {path}", [it["name"] for it in told.get("parameters", ()) if it["in"] == "query"])
        for path, operations in paths.items()
        if (told := operations.get("get")) is not None
    ]


def _found(answer: Any) -> list[Any]:
    if answer.status_code != 200 or "json" not in answer.headers["content-type"]:
        return []
    body = answer.json()
    return list(body.get("data", ())) if isinstance(body, dict) else []


@pytest.mark.abuse("I1")
@pytest.mark.parametrize("service", sorted(LISTED))
async def test_words_of_sql_in_a_query_find_nothing_and_break_nothing(service, stage):
    thing, where, who = LISTED[service]
    headers = await stage.people.headers(Subject.WRITE_KEY, who, "escrow")
    if thing:
        await THINGS[thing](stage)
    if where:
        assert _found(await stage.client.get(where, headers=headers)), "there is something to find"
    before = await _rows(stage)

    asked = 0
    for route, names in _queries(stage):
        path = route.removeprefix("GET ").format_map(_Nothing())
        for name in names:
            for word in WORDS:
                answer = await stage.client.get(path, headers=headers, params={name: word})
                assert answer.status_code < 500, (route, name, word, answer.text)
                assert _found(answer) == [], (route, name, word)
                asked += 1

    assert await _rows(stage) == before
    assert asked or service == "identity"


@pytest.mark.abuse("I1")
@pytest.mark.parametrize("service", sorted(LISTED))
async def test_words_of_sql_in_the_place_of_an_id_are_no_id(service, stage):
    parties = {one.party.user_id: one.party for one in ROUTES[service].values()}
    logins = {
        user_id: await stage.people.headers(Subject.WRITE_KEY, party, "escrow")
        for user_id, party in parties.items()
    }
    before = await _rows(stage)
    asked = 0
    for route, one in ROUTES[service].items():
        method, path = route.split(" ")
        if "{" not in path or path.startswith("/internal/"):
            continue
        headers = logins[one.party.user_id]
        for word in WORDS:
            filled = path.format_map(_Nothing(quote(word, safe="")))
            sent = headers | {"Idempotency-Key": uuid7().hex}
            body = {} if callable(one.body) else one.body
            answer = await stage.client.request(method, filled, headers=sent, json=body)
            assert answer.status_code in _REFUSED, (route, word, answer.status_code, answer.text)
            asked += 1

    assert await _rows(stage) == before
    assert asked or service == "notifier"


_REFUSED = frozenset({400, 403, 404, 405, 422})


@pytest.mark.abuse("I1")
@pytest.mark.parametrize("service", ["listings"])
async def test_words_of_sql_in_a_text_stay_the_text(service, stage):
    headers = await stage.people.headers(Subject.WRITE_KEY, SELLER, "escrow")
    for number, word in enumerate(WORDS):
        body = {"asset_id": str(500 + number), "title": word, "summary": word, "category": word}
        body["price"] = {"minor": 1_000, "currency": "USD"}
        made = await stage.client.post("/v1/listings", headers=headers, json=body)
        assert made.status_code == 201, made.text

        mine = {"mine": "true", "category": word}
        found = _found(await stage.client.get("/v1/listings", headers=headers, params=mine))

        assert [(it["title"], it["summary"], it["category"]) for it in found] == [(word,) * 3]


class _Nothing(dict[str, str]):
    """Fills every place of a path with the same."""

    def __init__(self, with_: str = "lst_00000000000000000000000000") -> None:
        super().__init__()
        self._with = with_

    def __missing__(self, key: str) -> str:
        return self._with
