"""The refusals of a route, for its description: one shape everywhere, referred to by name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from contracts_schema.events.rejected import Refusal

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


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What ``responses=`` of a route takes: each status with the problem that it answers."""
    return {
        status: {
            "model": Refusal,
            "description": _WORDS.get(status, HTTPStatus(status).phrase),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Refusal"}}},
        }
        for status in statuses
    }
