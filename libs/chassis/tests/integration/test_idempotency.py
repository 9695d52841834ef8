"""The same key twice is one effect and one answer."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from chassis import problems
from chassis.http.idempotency import IdempotencyKey, once, once_prepared, required
from chassis.ops.telemetry import TelemetryMiddleware
from chassis.principals import Principal
from chassis.problems import Problem
from chassis.storage.database import Transaction
from fastapi import FastAPI, Request, Response

KEY = "0123456789"


@pytest.fixture
def refusals() -> list[Problem]:
    return []


@pytest.fixture
def asked() -> list[str]:
    """How often the outside world was asked."""
    return []


@pytest.fixture
async def client(db, refusals, asked):
    app = FastAPI()
    app.state.database = db

    async def route(request: Request, key: IdempotencyKey = None) -> Response:
        async def work(transaction: Transaction):
            transaction.audit("paid", "usr_x")
            await transaction.value("SELECT pg_sleep(0.05)")
            if refusals:
                raise refusals.pop()
            count = await transaction.value("SELECT count(*) FROM audit_entries")
            return 201, {"version": 4, "before": count}

        who = request.headers.get("x-user", "usr_1")
        return await once(request, Principal(who), key, work)

    @asynccontextmanager
    async def ask():
        asked.append("may I?")
        await asyncio.sleep(0.02)
        if await effects(db):
            raise Problem(409, "too_late", wording="common.version_moved", seen=1, current=2)
        yield "yes"

    async def asking(request: Request, key: IdempotencyKey = None) -> Response:
        async def work(transaction: Transaction, told: str):
            transaction.audit("paid", "usr_x")
            return 201, {"version": 1, "told": told}

        return await once_prepared(request, Principal("usr_1"), key, ask, work)

    app.add_api_route("/pay", route, methods=["POST"])
    app.add_api_route("/ask", asking, methods=["POST"])
    app.add_api_route("/pay/again", route, methods=["POST"])
    problems.install(app, {})
    app.add_middleware(TelemetryMiddleware)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


async def pay(client, key=KEY, path="/pay", user="usr_1", **body) -> httpx.Response:
    headers = {"x-user": user} | ({"Idempotency-Key": key} if key else {})
    return await client.post(path, headers=headers, **(body or {"json": {"amount": 1}}))


async def effects(db) -> int:
    return await db.value("SELECT count(*) FROM audit_entries")


async def test_the_same_request_again_gets_the_same_answer(client, db):
    first, again = await pay(client), await pay(client)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["etag"] == again.headers["etag"] == '"4"'
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await effects(db) == 1


async def test_ten_at_once_are_one_effect_and_nine_replays(client, db):
    answers = await asyncio.gather(*(pay(client) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
    assert await effects(db) == 1


async def test_a_retry_written_otherwise_is_the_same_request(client, db):
    spellings = [b'{"a": 1, "b": [1.50]}', b'{"b":[1.50],"a":1}']

    answers = [await pay(client, content=it) for it in spellings]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert await effects(db) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"json": {"amount": 2}},
        {"json": {"amount": "1"}},
        {"content": b""},
        {"content": b"no json"},
        {"content": b'{"amount": 1.0}'},
        {"path": "/pay/again"},
        {"path": "/pay?force=1"},
    ],
)
async def test_the_key_for_another_request_is_refused(client, db, other):
    await pay(client)

    answer = await pay(client, **other)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert answer.json()["next_action"]
    assert await effects(db) == 1


async def test_the_same_key_of_another_person_is_another_key(client, db):
    await pay(client, user="usr_1")

    answer = await pay(client, user="usr_2")

    assert "idempotency-replayed" not in answer.headers
    assert await effects(db) == 2


async def test_a_refused_request_frees_its_key(client, db, refusals):
    refusals.append(Problem(409, "too_early", wording="common.not_registered"))

    refused, done = await pay(client), await pay(client)

    assert (refused.status_code, done.status_code) == (409, 201)
    assert "idempotency-replayed" not in done.headers
    assert await effects(db) == 1


async def test_what_was_answered_is_not_asked_again(client, db, asked):
    first, again = await pay(client, path="/ask"), await pay(client, path="/ask")

    assert first.json() == again.json() == {"version": 1, "told": "yes"}
    assert again.headers["idempotency-replayed"] == "true"
    assert asked == ["may I?"]


async def test_a_repetition_that_comes_while_the_first_is_asking_gets_its_answer(client, db):
    answers = await asyncio.gather(
        *(asyncio.create_task(later(client, turn * 0.01)) for turn in range(10))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert await effects(db) == 1


async def later(client, seconds: float) -> httpx.Response:
    await asyncio.sleep(seconds)
    return await pay(client, path="/ask")


async def test_another_request_under_the_key_is_refused_before_anything_is_asked(client, asked):
    await pay(client, path="/ask")

    answer = await pay(client, path="/ask", json={"amount": 2})

    assert answer.json()["code"] == "idempotency_key_reused"
    assert len(asked) == 1


async def test_a_refusal_without_an_earlier_answer_is_the_answer(client, db):
    await pay(client)

    answer = await pay(client, key="another-key", path="/ask")

    assert answer.json()["code"] == "too_late"


async def test_without_a_key_each_request_is_its_own(client, db):
    await pay(client, key=None)
    await pay(client, key=None)

    assert await effects(db) == 2


@pytest.mark.parametrize("key", ["short", "x" * 256, "has space", "tab\tinside", "ümlaut-key"])
async def test_a_key_that_is_none_is_refused(client, db, key):
    answer = await client.post("/pay", headers={"Idempotency-Key": key.encode()}, json={})

    assert answer.status_code == 422
    assert await effects(db) == 0


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b'"\\ud800"', b"NaN", b"1e999"])
async def test_any_body_has_a_fingerprint(client, db, body):
    first, again = await pay(client, content=body), await pay(client, content=body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert await effects(db) == 1


def test_a_route_that_moves_money_demands_a_key():
    with pytest.raises(Problem) as caught:
        required(None)

    assert (caught.value.status, caught.value.code) == (400, "idempotency_key_missing")
    assert required(KEY) == KEY
