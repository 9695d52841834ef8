"""The refusals of a route, for its description: one shape everywhere, referred to by name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from contracts_schema.events.rejected import Refusal
from pydantic import ConfigDict

from chassis.problems import MEDIA_TYPE

_WORDS = {
    400: "The request is malformed.",
    401: "No valid login.",
    403: "Not allowed for this account.",
    404: "Not found, or not yours to see.",
    409: "Not possible as things stand.",
    410: "Used or expired.",
    412: "It has moved since you read it.",
    413: "The body is too large.",
    422: "The input does not fit.",
    429: "Too many requests.",
    502: "The provider refused.",
    503: "Not available for the moment.",
}


class Problem(Refusal):
    """A refusal as REST answers it (RFC 9457): nothing was changed."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str
    instance: str
    request_id: str
    trace_id: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What ``responses=`` of a route takes: each status with the problem that it answers."""
    return _answers(statuses, {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}})


def as_pages(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same of a route that shows a person a page instead."""
    return _answers(statuses, {"text/html": {"schema": {"type": "string"}}})


def _answers(statuses: tuple[int, ...], content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": _WORDS.get(status, HTTPStatus(status).phrase),
            "content": content,
        }
        for status in statuses
    }
