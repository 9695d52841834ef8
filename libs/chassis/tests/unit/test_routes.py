"""Direct routes: what is right goes the short way; what is wrong is told as FastAPI tells it."""

from typing import Annotated, Any

import pytest
from chassis import problems
from chassis.http.routes import DirectRoute, Router, mount, plan_of
from chassis.problems import Problem
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, Field

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=8)]
Name = Annotated[str, Path(pattern=r"^[a-z]+$")]


class Body(BaseModel):
    amount: int = Field(gt=0)
    note: str = ""


async def caller(request: Request) -> str:
    if "authorization" not in request.headers:
        raise Problem(401, "unauthenticated")
    return request.headers["authorization"]


def said(**what: Any) -> Response:
    return Response(repr(sorted(what.items())), media_type="text/plain")


def served(router: APIRouter) -> FastAPI:
    @router.get("/things/{name}")
    async def read(request: Request, name: Name) -> Response:
        return said(name=name, method=request.method)

    @router.post("/things/{name}")
    async def write(
        request: Request,
        name: Name,
        caller: Annotated[str, Depends(caller)],
        body: Body,
        key: Key = None,
    ) -> Response:
        return said(name=name, caller=caller, amount=body.amount, note=body.note, key=key)

    @router.get("/things")
    async def search(word: Annotated[str, Query(min_length=2)]) -> Response:
        return said(word=word)

    app = FastAPI()
    mount(app, [router])
    problems.install(app, {})
    return app


@pytest.fixture(params=[Router, APIRouter], ids=["direct", "FastAPI's own"])
def app(request):
    return served(request.param())


async def sent(app, method, path, **more):
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path, **more)


GOOD = {"json": {"amount": 3}, "headers": {"Authorization": "me", "Idempotency-Key": "12345678"}}
REQUESTS = {
    "read": ("GET", "/things/abc", {}),
    "write": ("POST", "/things/abc", GOOD),
    "without a key": ("POST", "/things/abc", GOOD | {"headers": {"Authorization": "me"}}),
    "with a charset": (
        "POST",
        "/things/abc",
        {"content": b'{"amount": 3, "note": "\xc3\xa4"}'}
        | {"headers": {"Authorization": "me", "Content-Type": "application/json; charset=utf-8"}},
    ),
    "search": ("GET", "/things?word=abc", {}),
    "a bad search": ("GET", "/things?word=a", {}),
    "a bad path": ("GET", "/things/ABC", {}),
    "nobody": ("POST", "/things/abc", {"json": {"amount": 3}}),
    "nobody with a bad body": ("POST", "/things/abc", {"json": {"amount": 0}}),
    "a bad body": ("POST", "/things/abc", GOOD | {"json": {"amount": 0}}),
    "no body": ("POST", "/things/abc", {"headers": GOOD["headers"]}),
    "a list": ("POST", "/things/abc", GOOD | {"json": [1]}),
    "all at once": (
        "POST",
        "/things/ABC",
        {"json": {"amount": 0}, "headers": {"Authorization": "me", "Idempotency-Key": "1"}},
    ),
    "no JSON": (
        "POST",
        "/things/abc",
        {"content": b"{", "headers": {"Authorization": "me", "Content-Type": "application/json"}},
    ),
    "a form": (
        "POST",
        "/things/abc",
        {"data": {"amount": "3"}, "headers": {"Authorization": "me"}},
    ),
}


@pytest.mark.parametrize("name", list(REQUESTS))
async def test_the_short_way_answers_like_fastapi_s_own(name):
    method, path, more = REQUESTS[name]
    direct = await sent(served(Router()), method, path, **more)
    thorough = await sent(served(APIRouter()), method, path, **more)

    assert direct.status_code == thorough.status_code
    assert direct.content == thorough.content
    assert direct.status_code < 500


async def test_what_is_right_is_answered(app):
    method, path, more = REQUESTS["write"]
    answer = await sent(app, method, path, **more)

    assert answer.text == str(
        [("amount", 3), ("caller", "me"), ("key", "12345678"), ("name", "abc"), ("note", "")]
    )


def test_only_what_a_plan_can_hold_goes_the_short_way():
    router = Router()
    served(router)
    planned = {
        (route.path, *route.methods): plan_of(route) is not None
        for route in router.routes
        if isinstance(route, DirectRoute)
    }

    assert planned == {
        ("/things/{name}", "GET"): True,
        ("/things/{name}", "POST"): True,
        ("/things", "GET"): False,
    }


async def test_what_a_test_puts_in_a_dependency_s_place_counts():
    app = served(Router())
    app.dependency_overrides[caller] = lambda: "somebody else"

    answer = await sent(app, "POST", "/things/abc", json={"amount": 3})

    assert "somebody else" in answer.text
