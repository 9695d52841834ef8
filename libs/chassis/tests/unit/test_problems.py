"""Every refusal is a problem with its cause and next step; a fault tells nothing of the inside."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import httpx
import pytest
from chassis import problems
from chassis.ops.telemetry import TelemetryMiddleware
from chassis.problems import MEDIA_TYPE, Problem, Rule, as_problem
from contracts_schema import refusals
from contracts_schema.refusals import Refused
from fastapi import FastAPI
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)


class Wrong(Refused):
    """A refusal of a domain."""


class VeryWrong(Wrong):
    """A narrower one, without a rule of its own."""


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: int


RULES = {Wrong: Rule(409, "wrong_state", retryable=True)}


def an_app() -> FastAPI:
    app = FastAPI()
    raised = {
        "problem": Problem(403, "suspended", headers={"X-More": "1"}),
        "rule": VeryWrong("role_missing", role="ADMIN"),
        "fault": RuntimeError("password=hunter2"),
        "away": asyncpg.ConnectionDoesNotExistError("postgres:hunter2@10.0.0.1 is gone"),
        "model": None,
    }

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        if (error := raised[name]) is not None:
            raise error
        Order.model_validate({"amount": "secret"})

    @app.post("/orders")
    async def order(body: Order) -> Order:
        return body

    problems.install(app, RULES)
    app.add_middleware(TelemetryMiddleware)
    return app


@pytest.fixture
async def client():
    transport = httpx.ASGITransport(an_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


MEMBERS = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "next_action",
    "retryable",
    "errors",
    "wording",
    "params",
    "request_id",
    "trace_id",
}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/raise/problem", 403, "suspended"),
        ("GET", "/raise/rule", 409, "wrong_state"),
        ("GET", "/raise/fault", 500, "internal_error"),
        ("GET", "/raise/model", 500, "internal_error"),
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/orders", 405, "method_not_allowed"),
        ("POST", "/orders", 422, "invalid_input"),
    ],
)
async def test_every_refusal_has_the_same_shape(client, method, path, status, code):
    answer = await client.request(method, path, headers={"X-Request-Id": "request-0001"})
    body = answer.json()

    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert body.keys() == MEMBERS
    assert body["code"] == code
    assert body["type"].endswith("/" + code)
    assert body["instance"] == path
    assert body["next_action"]


@pytest.mark.parametrize("path", ["/raise/problem", "/nowhere", "/raise/rule"])
async def test_a_refusal_names_its_request(client, path):
    answer = await client.get(path, headers={"X-Request-Id": "request-0001"})

    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "request-0001"


async def test_a_fault_tells_nothing_of_the_inside(client):
    answer = await client.get("/raise/fault")

    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.json()["retryable"] is True


async def test_a_database_that_is_away_is_told_as_something_that_passes(client):
    answer = await client.get("/raise/away")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["retryable"] is True
    assert "hunter2" not in answer.text


async def test_a_model_of_our_own_that_does_not_hold_is_a_fault(client):
    answer = await client.get("/raise/model")

    assert "secret" not in answer.text
    assert answer.json()["errors"] == []


async def test_headers_of_a_problem_are_sent(client):
    answer = await client.get("/raise/problem")

    assert answer.headers["x-more"] == "1"
    assert (await client.put("/orders")).headers["allow"] == "POST"


async def test_input_errors_point_at_their_fields(client):
    answer = await client.post("/orders", json={"amount": "much", "more": 1})

    pointers = {error["pointer"] for error in answer.json()["errors"]}

    assert pointers == {"/body/amount", "/body/more"}


WRONG = [
    (int, "x", "int_parsing"),
    (int, 1.5, "int_from_float"),
    (int, None, "int_type"),
    (bool, "maybe", "bool_parsing"),
    (str, 7, "string_type"),
    (list[int], 7, "list_type"),
    (dict[str, int], 7, "dict_type"),
    (Order, 7, "model_type"),
    (Order, {}, "missing"),
    (Order, {"amount": 1, "more": 1}, "extra_forbidden"),
    (datetime, "never", "datetime_from_date_parsing"),
    (AwareDatetime, "2026-11-21T12:00:00", "timezone_aware"),
    (UUID, "x", "uuid_parsing"),
    (Literal["a", "b"], "c", "literal_error"),
    (Annotated[int, Field(gt=3)], 3, "greater_than"),
    (Annotated[int, Field(ge=3)], 2, "greater_than_equal"),
    (Annotated[int, Field(lt=3)], 3, "less_than"),
    (Annotated[int, Field(le=3)], 4, "less_than_equal"),
    (Annotated[str, Field(min_length=3)], "ab", "string_too_short"),
    (Annotated[str, Field(max_length=3)], "abcd", "string_too_long"),
    (Annotated[str, Field(pattern="^a$")], "b", "string_pattern_mismatch"),
    (Annotated[list[int], Field(min_length=1)], [], "too_short"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "too_long"),
]


@pytest.mark.parametrize(("kind", "given", "code"), WRONG, ids=[each[2] for each in WRONG])
def test_what_is_wrong_with_a_field_comes_from_the_catalogue(monkeypatch, kind, given, code):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(given)
    problem = as_problem(raised.value, {})
    [error] = problem.refusal().errors

    assert error["code"] == code
    assert error["detail"] == refusals.words(f"input.{code}", "en", error["params"]).detail
    assert "{" not in error["detail"]
    assert problem.detail == f"{error['pointer']}: {error['detail']}"
    german = {f"input.{code}": {"detail": "So nicht."}}
    known = {"de": german, "en": refusals.catalogue("en")}
    monkeypatch.setattr(refusals, "catalogue", lambda language: known.get(language, {}))
    assert problem.refusal("de").errors[0]["detail"] == "So nicht."
    assert problem.refusal().worded("de").detail == f"{error['pointer']}: So nicht."


def test_what_a_validator_of_ours_says_is_told_as_it_says_it():
    def refuse(_: int) -> int:
        raise ValueError("the amount must be more than 0")

    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Annotated[int, AfterValidator(refuse)]).validate_python(1)

    assert as_problem(raised.value, {}).detail == "/: the amount must be more than 0"


async def test_a_request_id_that_is_no_id_is_replaced(client):
    answer = await client.get("/nowhere", headers={"X-Request-Id": "a\tb" * 40})

    assert len(answer.headers["x-request-id"]) == 36


def test_a_rule_holds_for_narrower_errors_too():
    problem = as_problem(VeryWrong("role_missing", role="ADMIN"), RULES)

    assert problem is not None
    assert problem.refusal().model_dump() == {
        "code": "wrong_state",
        "status": 409,
        "title": "Conflict",
        "detail": "This needs the role ADMIN.",
        "next_action": "Ask an administrator of the platform.",
        "retryable": True,
        "errors": [],
        "wording": "common.role_missing",
        "params": {"role": "ADMIN"},
    }


def test_what_no_rule_names_is_no_refusal():
    assert as_problem(KeyError("x"), RULES) is None


def test_a_problem_that_lacks_what_its_words_need_is_a_mistake():
    with pytest.raises(TypeError, match="needed"):
        Problem(403, "tier_too_low", neded="TIER_2", tier="TIER_1")
    with pytest.raises(KeyError, match="no_such_words"):
        Problem(403, "no_such_words")


class NotYourTurn(Refused):
    """A refusal of a domain that words are kept for."""

    catalogue = "common"


def test_a_refusal_carries_a_code_and_parameters_and_is_worded_by_who_shows_it():
    problem = as_problem(
        NotYourTurn("tier_too_low", needed="TIER_2", tier="TIER_1"),
        {NotYourTurn: Rule(409, "not_your_turn")},
    )
    assert problem.refusal().params == {"needed": "TIER_2", "tier": "TIER_1"}
    assert problem.refusal().wording == "common.tier_too_low"
    assert problem.detail == "This needs TIER_2; your account has TIER_1."
    assert problem.next_action == "Use /link to link your Roblox account."


def test_words_of_another_language_and_of_values_are_used_where_there_are_any(monkeypatch):
    german = {
        "common.not_found": {"detail": "{what} wurde nicht gefunden."},
        "common.values": {"what": {"offer": "Das Angebot"}},
    }
    known = {"de": german, "en": refusals.catalogue("en")}
    monkeypatch.setattr(refusals, "catalogue", lambda language: known.get(language, {}))
    problem = problems.not_found("offer")
    assert problem.worded("de-AT").detail == "Das Angebot wurde nicht gefunden."
    assert problem.worded("fr").detail == "The offer was not found."


def test_words_that_are_missing_are_a_fault_of_the_build():
    with pytest.raises(KeyError, match=r"common\.nowhere"):
        refusals.words("common.nowhere")


@pytest.mark.parametrize("name", sorted(refusals.catalogue("en")))
def test_every_refusal_says_what_is_wrong(name):
    said = refusals.catalogue("en")[name]
    assert name.endswith(".values") or said["detail"].strip()
