"""Lists by keyset: pages joined by an opaque, signed cursor that is bound to its filters."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from chassis.problems import Problem

Limit = Annotated[int, Query(ge=1, le=100)]
CursorText = Annotated[str | None, Query(max_length=500)]

Position = tuple[datetime, str]
"""Where a page ended: (created_at, id) of its last row."""
BEGINNING: Position = (datetime.max.replace(tzinfo=UTC), "")
"""Before the first row of a list that shows the newest first."""

R = TypeVar("R")


@dataclass(frozen=True)  # with slots, Page[Row](…) fails in Python 3.11 (cpython issue 90562)
class Page(Generic[R]):
    """What makes one list: the filters its cursors are bound to, and where one of its rows is."""

    filters: Mapping[str, Any]
    position: Callable[[R], Position]


class Asked(BaseModel):
    """Which page of a list is asked for: the first, or the one that a cursor continues with."""

    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @property
    def rows(self) -> int:
        """How many rows to read: one more than a page shows, to know whether another follows."""
        return self.limit + 1


class Cursors:
    """Writes and reads the cursors of one service."""

    def __init__(self, secret: str) -> None:
        """Sign with this secret, which must not be empty."""
        if not secret:
            raise ValueError("HOLDFAST_CURSOR_SECRET is empty: set a random secret")
        self._secret = secret.encode()

    def write(self, position: Position, filters: Mapping[str, Any]) -> str:
        """The cursor that continues after this position under the same filters."""
        payload = json.dumps([position[0].isoformat(), position[1]]).encode()
        return base64.urlsafe_b64encode(self._sign(payload, filters) + payload).decode().rstrip("=")

    def read(self, cursor: str | None, filters: Mapping[str, Any]) -> Position | None:
        """The position, or None for the first page; a cursor that is not ours is refused."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            signature, payload = raw[:16], raw[16:]
            if not hmac.compare_digest(signature, self._sign(payload, filters)):
                raise ValueError("signature")
            at, last_id = json.loads(payload)
            return datetime.fromisoformat(at), str(last_id)
        except (ValueError, TypeError):
            raise Problem(422, "cursor_invalid") from None

    def cut(
        self, response: Response, request: Request, asked: Asked, rows: Sequence[R], page: Page[R]
    ) -> tuple[Sequence[R], str | None]:
        """The rows that the page shows, and the cursor of the next one, also as a Link header."""
        if len(rows) <= asked.limit:
            return rows, None
        shown = rows[: asked.limit]
        following = self.write(page.position(shown[-1]), page.filters)
        url = request.url.include_query_params(cursor=following, limit=asked.limit)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return shown, following

    def _sign(self, payload: bytes, filters: Mapping[str, Any]) -> bytes:
        bound = json.dumps(dict(filters), sort_keys=True, default=str).encode()
        return hmac.new(self._secret, bound + b"\x00" + payload, hashlib.sha256).digest()[:16]
