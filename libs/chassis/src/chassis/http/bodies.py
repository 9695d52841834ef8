"""Bodies that are no larger, deeper or longer than a route takes: refused before they cost much.

A body is counted while it comes in, and one that says it is too large is not read at all. What is
in it is counted before anything is made of it, because a model tells of every value that is wrong.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError
from starlette.types import Receive, Scope

from chassis.problems import Problem

LARGEST = 64 * 1024
MOST_VALUES, DEEPEST = 1000, 16
_LIMIT = "__largest_body__"
F = TypeVar("F", bound=Callable[..., Any])


def takes(largest: int) -> Callable[[F], F]:
    """Let a route's handler take bodies of so many bytes instead of 64 KiB."""

    def marked(handler: F) -> F:
        setattr(handler, _LIMIT, largest)
        return handler

    return marked


def limit_of(handler: Callable[..., Any]) -> int:
    """How many bytes the handler takes."""
    return int(getattr(handler, _LIMIT, LARGEST))


def at_most(most: int) -> BeforeValidator:
    """Refuse a longer list before any of its items is looked at."""

    def counted(given: Any) -> Any:
        if isinstance(given, list | tuple) and len(given) > most:
            found = {"field_type": "List", "max_length": most, "actual_length": len(given)}
            raise PydanticKnownError("too_long", found)
        return given

    return BeforeValidator(counted)


class BoundedRequest(Request):
    """A request whose body is read up to a limit; one more byte is a 413."""

    def __init__(self, scope: Scope, receive: Receive, most: int) -> None:
        """Read what is received up to so many bytes."""
        super().__init__(scope, receive)
        self._most = most

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The parts as they come, until they are too much."""
        if not hasattr(self, "_body") and self._says() > self._most:
            raise _too_large(self._most)
        read = 0
        async for part in super().stream():
            read += len(part)
            if read > self._most:
                raise _too_large(self._most)
            yield part

    def _says(self) -> int:
        said = self.headers.get("content-length", "")
        return int(said) if said.isdecimal() and len(said) < 20 else 0


def simple_json(body: bytes) -> Any:
    """What the JSON says; a 422 if that is too much or too deep, ValueError if it is none."""
    try:
        said = json.loads(body)
    except RecursionError:
        raise _not_simple() from None
    if body.count(b",") + body.count(b"[") + body.count(b"{") > DEEPEST and not _is_simple(said):
        raise _not_simple()
    return said


def _is_simple(said: Any) -> bool:
    """Whether it is neither deep nor long, looking at no more than that takes."""
    level, values = [said], 1
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        values += len(level)
        if not level or values > MOST_VALUES:
            break
    return not level and values <= MOST_VALUES


def _not_simple() -> Problem:
    return Problem(422, "body_too_complex", deepest=DEEPEST, most=MOST_VALUES)


def _too_large(most: int) -> Problem:
    return Problem(413, "body_too_large", most=most)
