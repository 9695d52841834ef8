"""No body costs much: it is counted while it comes, and before anything is made of it."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import pytest
from chassis import problems
from chassis.http.bodies import DEEPEST, LARGEST, MOST_VALUES, at_most, takes
from chassis.http.routes import Router
from fastapi import FastAPI, Request, Response
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, ConfigDict, Field

pytestmark = pytest.mark.abuse("R3")
JSON = {"content-type": "application/json"}
FEW = 5


class Item(BaseModel):
    name: str


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""
    items: Annotated[list[Item], Field(max_length=FEW), at_most(FEW)] = []


def served() -> FastAPI:
    router = Router()

    @router.post("/direct")
    async def direct(request: Request, body: Body) -> Response:
        return Response(body.name)

    @router.post("/thorough")
    async def thorough(request: Request, response: Response, body: Body) -> Body:
        return body

    @router.post("/raw")
    async def raw(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @router.post("/large")
    @takes(2 * LARGEST)
    async def large(request: Request, body: Body) -> Response:
        return Response(str(len(body.name)))

    app = FastAPI()
    app.include_router(router)
    problems.install(app, {})
    return app


@pytest.fixture
async def client():
    transport = ASGITransport(served())
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def keys(count: int) -> bytes:
    return json.dumps({f"k{number}": 0 for number in range(count)}).encode()


def items(count: int) -> bytes:
    return b'{"items": [' + b",".join([b"{}"] * count) + b"]}"


def nested(depth: int) -> bytes:
    return b'{"items": ' + b"[" * depth + b"]" * depth + b"}"


WORST = {
    "keys": keys(5_400),
    "empty objects": items(20_000),
    "deep": nested(30_000),
    "a thousand deep": nested(900),
    "a long list of lists": b'{"items": [' + b",".join([b"[[]]"] * 12_000) + b"]}",
}


@pytest.mark.parametrize("path", ["/direct", "/thorough"])
@pytest.mark.parametrize("body", WORST.values(), ids=WORST)
async def test_what_is_much_or_deep_is_refused_as_a_whole(client, path, body):
    assert len(body) <= LARGEST

    answer = await client.post(path, content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_too_complex")
    assert answer.json()["params"] == {"deepest": str(DEEPEST), "most": str(MOST_VALUES)}


@pytest.mark.parametrize("path", ["/direct", "/thorough"])
async def test_a_long_list_is_counted_before_its_items_are_looked_at(client, path):
    answer = await client.post(path, content=items(FEW + 1), headers=JSON)

    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["errors"]] == ["too_long"]


@pytest.mark.parametrize("path", ["/direct", "/thorough", "/raw"])
@pytest.mark.parametrize("told", [True, False], ids=["its length is told", "in parts"])
async def test_a_large_body_is_refused_before_it_is_read_whole(path, told):
    length, sent, answered = 100 * LARGEST, 0, []

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent += 8_192
        return {"type": "http.request", "body": b"x" * 8_192, "more_body": sent < length}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    headers = [(b"content-type", b"application/json")]
    headers += [(b"content-length", str(length).encode())] if told else []
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    scope |= {"query_string": b"", "http_version": "1.1", "root_path": "", "scheme": "http"}
    await served()(scope, receive, send)

    assert answered[0]["status"] == 413
    assert json.loads(answered[1]["body"])["params"] == {"most": str(LARGEST)}
    assert sent <= (0 if told else LARGEST + 8_192)


async def test_a_route_that_says_so_takes_more(client):
    text = "x" * LARGEST

    assert (await client.post("/large", json={"name": text})).text == str(LARGEST)
    assert (await client.post("/large", json={"name": text * 2})).status_code == 413
    assert (await client.post("/direct", json={"name": text})).status_code == 413


async def test_texts_full_of_brackets_and_commas_are_no_more_than_texts(client):
    text = '[{,"' * 5_000

    answer = await client.post("/direct", json={"name": text})

    assert answer.text == text


@pytest.mark.parametrize("path", ["/direct", "/thorough"])
@pytest.mark.parametrize("body", WORST.values(), ids=WORST)
async def test_the_worst_body_costs_little_more_than_a_right_one(client, path, body):
    right = json.dumps({"name": "x" * (len(body) - 20)}).encode()
    for each in (right, body):  # what is made once is made before
        await client.post(path, content=each, headers=JSON)

    usual = await calls(client, path, right)

    assert await calls(client, path, body) <= 4 * usual + 3 * MOST_VALUES


async def calls(client: AsyncClient, path: str, body: bytes) -> int:
    """How many functions are called to answer it."""
    count = 0

    def called(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        await client.post(path, content=body, headers=JSON)
    finally:
        sys.setprofile(None)
    return count
