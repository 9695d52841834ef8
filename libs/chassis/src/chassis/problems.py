"""Refusals that name the cause and the next step (RFC 9457), the same at both doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from contracts_schema.events.rejected import Refusal
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from opentelemetry import trace
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from chassis.storage.database import AWAY

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://holdfast.invalid/problems/"


class Problem(Exception):
    """A request or command that is refused, and changes nothing."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        """Say what is wrong; ``next_action``, ``retryable``, ``errors``, ``headers`` may follow."""
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.next_action: str = more.pop("next_action", "")
        self.retryable: bool = more.pop("retryable", False)
        self.errors: list[dict[str, Any]] = more.pop("errors", [])
        self.headers: dict[str, str] = more.pop("headers", {})
        if more:
            raise TypeError(f"unknown parts of a problem: {sorted(more)}")

    def refusal(self) -> Refusal:
        """The same problem as an event carries it."""
        return Refusal(
            code=self.code,
            status=self.status,
            title=HTTPStatus(self.status).phrase,
            detail=self.detail,
            next_action=self.next_action,
            retryable=self.retryable,
            errors=self.errors,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """How a domain error of one class is shown at the edge."""

    status: int
    code: str
    next_action: str = ""
    retryable: bool = False


Rules = Mapping[type[Exception], Rule]


def as_problem(error: Exception, rules: Rules) -> Problem | None:
    """The problem that this error is, or None if it is not a refusal but a fault."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError):
        return invalid(error.errors(include_url=False, include_context=False))
    for kind in type(error).__mro__:
        if (rule := rules.get(kind)) is not None:
            return Problem(
                rule.status,
                rule.code,
                str(error),
                next_action=rule.next_action,
                retryable=rule.retryable,
            )
    return None


def invalid(errors: Any) -> Problem:
    """Input that does not fit: each error points at its field."""
    listed = [
        {
            "pointer": "/" + "/".join(str(part) for part in error["loc"]),
            "code": error["type"],
            "detail": error["msg"],
        }
        for error in list(errors)[:20]
    ]
    first = listed[0] if listed else {"pointer": "/", "detail": "invalid"}
    return Problem(
        422,
        "invalid_input",
        f"{first['pointer']}: {first['detail']}",
        errors=listed,
        next_action="Correct the named fields and send the request again.",
    )


def not_found(what: str) -> Problem:
    """The thing does not exist, or this person may not know that it does."""
    return Problem(
        404, "not_found", f"{what} was not found.", next_action="Check the id and your account."
    )


def response(problem: Problem, request: Request) -> Response:
    """Write the problem as application/problem+json."""
    span = trace.get_current_span().get_span_context()
    body = {
        "type": TYPE_BASE + problem.code,
        **problem.refusal().model_dump(exclude_defaults=False),
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
        "trace_id": f"{span.trace_id:032x}" if span.trace_id else "",
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


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
        str(error.detail),
        headers=dict(error.headers or {}),
        next_action="See the API description for the routes and methods there are.",
    )


_FAULT = Problem(
    500,
    "internal_error",
    "Something failed on our side; nothing was changed.",
    retryable=True,
    next_action="Try again; if it stays, report the request id.",
)
_AWAY = Problem(
    503,
    "temporarily_unavailable",
    "Something that this service needs cannot be reached at the moment.",
    retryable=True,
    headers={"Retry-After": "2"},
    next_action="Send the request again, with the same Idempotency-Key: it is done once.",
)
