"""HTTP to servers that are not ours: an answer is bounded in length and time, and leads nowhere.

Who answers too much, too slowly or in a coding that grows is as good as away: callers meet the
`httpx.HTTPError` that they meet when nobody answers.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from chassis.http import tls

LARGEST = 1024 * 1024
LONGEST_S = 10.0


def client(
    *, largest: int = LARGEST, longest_s: float = LONGEST_S, **more: Any
) -> httpx.AsyncClient:
    """A client that follows no redirect and reads no answer beyond these bounds."""

    async def ask_plainly(request: httpx.Request) -> None:
        # A small answer in a compressed coding can be a large one.
        request.headers["Accept-Encoding"] = "identity"

    async def bound(response: httpx.Response) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise httpx.DecodingError("a coding that was not asked for", request=response.request)
        stream = response.stream
        if isinstance(stream, httpx.AsyncByteStream):
            response.stream = _Bounded(stream, largest, time.monotonic() + longest_s)

    hooks: dict[str, list[Any]] = {"request": [ask_plainly], "response": [bound]}
    return httpx.AsyncClient(
        event_hooks=hooks, follow_redirects=False, **{"verify": tls.trusted(), **more}
    )


class _Bounded(httpx.AsyncByteStream):
    """A body that ends in an error where it goes on beyond its bounds."""

    def __init__(self, body: httpx.AsyncByteStream, largest: int, until: float) -> None:
        self._body, self._largest, self._until = body, largest, until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for part in self._body:
            length += len(part)
            if length > self._largest:
                raise httpx.ReadError(f"an answer of more than {self._largest} bytes")
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("an answer that does not come to its end")
            yield part

    async def aclose(self) -> None:
        await self._body.aclose()
