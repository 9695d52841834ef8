"""How the played Roblox words its answers: error bodies, dates, pages, and its outages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiohttp import web

Row = TypeVar("Row")

ID = "{id:[0-9]{1,19}}"  # in a route
NUMBER = re.compile("[0-9]{1,19}")
RESET_S = 20
PAGE_SIZES = ("10", "25", "50")
TITLES = {
    429: "Too many requests",
    500: "InternalServerError",
    503: "Service Unavailable",
}


class ApiError(Exception):
    """A refusal in the words of Roblox's web APIs: `{"errors": [{"code", "message"}]}`."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def error(status: int, code: int, message: str) -> web.Response:
    """An error answer; 429 carries the rate-limit headers that Roblox sends."""
    headers = _rate_limit_headers() if status == 429 else {}
    body = {"errors": [{"code": code, "message": message}]}
    return web.json_response(body, status=status, headers=headers)


def failure(status: int) -> web.Response:
    """The answer of a Roblox that is broken or busy."""
    return error(status, 0, TITLES.get(status, "Something went wrong"))


def _rate_limit_headers() -> Mapping[str, str]:
    return {
        "retry-after": str(RESET_S),
        "x-ratelimit-limit": "100, 100;w=60",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(RESET_S),
    }


def stamp(moment: datetime) -> str:
    """A date as Roblox writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page(
    request: web.Request,
    rows: Iterable[Row],
    key: Callable[[Row], int],
    show: Callable[[Row], Any],
) -> web.Response:
    """The page that `limit`, `cursor` and `sortOrder` of the request ask for."""
    limit, cursor = _limit(request), request.query.get("cursor") or None
    descending = request.query.get("sortOrder", "Asc").lower() == "desc"
    ordered = sorted(rows, key=key, reverse=descending)
    if cursor is not None:
        last = _read_cursor(cursor)
        ordered = [row for row in ordered if (key(row) < last if descending else key(row) > last)]
    shown = ordered[:limit]
    body = {
        "previousPageCursor": None,
        "nextPageCursor": _cursor(key(shown[-1])) if len(ordered) > limit else None,
        "data": [show(row) for row in shown],
    }
    return web.json_response(body)


def _limit(request: web.Request) -> int:
    limit = request.query.get("limit", "10")
    if limit not in PAGE_SIZES:
        raise ApiError(400, 0, f"Allowed values: {', '.join(PAGE_SIZES)}")
    return int(limit)


def _cursor(last: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    try:
        word, _, last = base64.urlsafe_b64decode(cursor).decode().partition(":")
        if word != "after":
            raise ValueError(word)
        return int(last)
    except (ValueError, binascii.Error):
        raise ApiError(400, 0, "Invalid cursor") from None


def ids_asked(request: web.Request, name: str, most: int) -> list[int]:
    """The comma-separated numbers of one query parameter, at most so many."""
    text = request.query.get(name, "")
    if not text:
        raise ApiError(400, 8, f"No {name} were specified.")
    parts = text.split(",")
    if len(parts) > most:
        raise ApiError(400, 9, f"Too many {name} were requested.")
    if not all(NUMBER.fullmatch(part) for part in parts):
        raise ApiError(400, 8, f"{name} must be numbers.")
    return [int(part) for part in parts]


def data(rows: Iterable[Any]) -> web.Response:
    """A plain list as Roblox wraps it."""
    return web.json_response({"data": list(rows)})


@dataclass(slots=True)
class Outage:
    """Whether Roblox, or some hosts of it, is down, and with which status."""

    on: bool = False
    status: int = 503
    hosts: tuple[str, ...] = ()

    def strikes(self, host: str) -> bool:
        """Whether this host is down; no hosts named means all of them."""
        return self.on and (not self.hosts or host in self.hosts)


Handler = Callable[[web.Request], web.StreamResponse]
"""A handler that needs no waiting: everything it answers from is in memory."""


Served = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(outage: Outage, host: str, handler: Handler) -> Served:
    """The handler as the host serves it: down in an outage, refusals worded as errors."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if outage.strikes(host):
            return failure(outage.status)
        try:
            return handler(request)
        except ApiError as refusal:
            return error(refusal.status, refusal.code, str(refusal))

    return answer


def not_found(request: web.Request) -> web.Response:
    """What every Roblox host says of a path it does not know."""
    return error(404, 0, "NotFound")
