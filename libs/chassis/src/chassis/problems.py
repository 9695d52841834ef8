"""Refusals that name the cause and the next step (RFC 9457), the same over REST and Discord."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from contracts_schema import refusals
from contracts_schema.events.rejected import Refusal
from contracts_schema.refusals import Refused, Words
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from chassis.ops import tracing
from chassis.storage.database import AWAY

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://holdfast.invalid/problems/"


class Problem(Exception):
    """A request or command that is refused, and changes nothing.

    It carries a code and what fills its words; whoever shows it words it for its reader.
    """

    def __init__(self, status: int, code: str, **more: Any) -> None:
        """``wording`` names the words where they are not ``common.<code>``.

        ``retryable``, ``errors`` and ``headers`` may follow; whatever else is named fills slots.
        """
        super().__init__(code)
        self.status, self.code = status, code
        self.wording: str = more.pop("wording", f"{refusals.COMMON}.{code}")
        self.retryable: bool = more.pop("retryable", False)
        self.errors: list[dict[str, Any]] = more.pop("errors", [])
        self.headers: dict[str, str] = more.pop("headers", {})
        self.params = {name: str(value) for name, value in more.items()}
        if lacking := refusals.slots(self.wording) - self.params.keys():
            raise TypeError(f"the words of {self.wording} need {sorted(lacking)}")

    def __str__(self) -> str:
        return f"{self.code}: {self.worded().detail}"

    def worded(self, locale: str = refusals.FALLBACK) -> Words:
        """What is wrong and what to do about it, in this language or in English."""
        params = refusals.filling(self.params, self.errors, locale)
        return refusals.words(self.wording, locale, params)

    @property
    def detail(self) -> str:
        """What is wrong, in English."""
        return self.worded().detail

    @property
    def next_action(self) -> str:
        """What to do about it, in English."""
        return self.worded().next_action

    def refusal(self, locale: str = refusals.FALLBACK) -> Refusal:
        """The same problem as an event or an answer carries it."""
        said = self.worded(locale)
        return Refusal(
            code=self.code,
            status=self.status,
            title=HTTPStatus(self.status).phrase,
            detail=said.detail,
            next_action=said.next_action,
            retryable=self.retryable,
            errors=[{**it, "detail": refusals.of_input(it, locale)} for it in self.errors],
            wording=self.wording,
            params=self.params,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """How a domain error of one class is shown at the edge."""

    status: int
    code: str
    retryable: bool = False


Rules = Mapping[type[Refused], Rule]


def as_problem(error: Exception, rules: Rules) -> Problem | None:
    """The problem that this error is, or None if it is not a refusal but a fault."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError):
        return invalid(error.errors(include_url=False))
    if isinstance(error, Refused):
        for kind in type(error).__mro__:
            if (rule := rules.get(kind)) is not None:
                more: dict[str, Any] = {"retryable": rule.retryable, **error.params}
                return Problem(rule.status, rule.code, wording=error.wording, **more)
    return None


def invalid(errors: Any) -> Problem:
    """Input that does not fit: each error points at its field."""
    listed = [
        {
            "pointer": "/" + "/".join(str(part) for part in error["loc"]),
            "code": error["type"],
            "detail": error["msg"],
            "params": {name: str(value) for name, value in error.get("ctx", {}).items()},
        }
        for error in list(errors)[:20]
    ]
    first = listed[0] if listed else {"pointer": "/", "detail": "invalid"}
    fills = {"pointer": first["pointer"], "reason": first["detail"]}
    return Problem(422, "invalid_input", errors=listed, **fills)


def not_found(what: str, named: str = "") -> Problem:
    """The thing does not exist, or this person may not know that it does.

    ``what`` is its kind, as the catalogue words it: listing; ``named`` is the id that was given.
    """
    if not named:
        return Problem(404, "not_found", what=what)
    return Problem(404, "not_found", wording="common.id_not_found", what=what, id=named)


def response(problem: Problem, request: Request) -> Response:
    """Write the problem as application/problem+json."""
    body = {
        "type": TYPE_BASE + problem.code,
        **problem.refusal(_language(request)).model_dump(),
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
        "trace_id": tracing.ids()[0],
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _language(request: Request) -> str:
    """The first language that the reader asks for and that there are words in."""
    for asked in request.headers.get("accept-language", "")[:200].split(","):
        language = asked.partition(";")[0].strip()
        for known in (language, language.partition("-")[0]):
            if known in refusals.languages():
                return known
    return refusals.FALLBACK


def install(app: FastAPI, rules: Rules) -> None:
    """Show every refusal of this app as a problem; what is left is a fault, told without detail."""

    async def show(request: Request, error: Exception) -> Response:
        return response(_shown(error, rules), request)

    for kind in (Problem, HTTPException, RequestValidationError, Exception, *AWAY, *rules):
        app.add_exception_handler(kind, show)


def _shown(error: Exception, rules: Rules) -> Problem:
    if isinstance(error, RequestValidationError):
        return invalid(error.errors())
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, ValidationError):
        return _FAULT  # a model of our own did not hold: nothing that the caller sent
    if problem := as_problem(error, rules):
        return problem
    return _AWAY if isinstance(error, AWAY) else _FAULT


def _http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    return Problem(
        status.value,
        status.name.lower(),
        wording="common.http",
        reason=error.detail,
        headers=dict(error.headers or {}),
    )


_FAULT = Problem(500, "internal_error", retryable=True)
_AWAY = Problem(503, "temporarily_unavailable", retryable=True, headers={"Retry-After": "2"})
