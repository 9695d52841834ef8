"""Logins that ended while their access tokens still live, as identity lists them.

The list is asked for while requests come, and held in memory. What ended before any token that
still lives was made is not on it, so it stays small. A process that was down begins with all of it.
"""

from __future__ import annotations

import asyncio
import math
import time

import httpx
import structlog

REFRESHED_S = 10.0
"""Requests go on with a list that is older while a new one is on its way."""
STALE_S = 30.0
"""Requests wait for a new list if the one at hand is older."""
ASKED_AGAIN_S = 2.0
PATH = "/internal/ended-sessions"

log = structlog.get_logger(__name__)


class EndedSessions:
    """Which logins have ended; at most ``STALE_S`` old while identity answers."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        refreshed_s: float = REFRESHED_S,
        stale_s: float = STALE_S,
        asked_again_s: float = ASKED_AGAIN_S,
    ) -> None:
        """Ask identity through this client."""
        self._http = http
        self._refreshed_s, self._stale_s, self._asked_again_s = refreshed_s, stale_s, asked_again_s
        self._ended: frozenset[str] = frozenset()
        self._is_complete = False
        self._asked_at = self._known_at = -math.inf
        self._asking: asyncio.Task[None] | None = None

    async def has(self, session_id: str) -> bool | None:
        """Whether this login has ended; None where no list says so for certain.

        While identity is away the last list counts: nobody logs out then, and routes that look
        live refuse.
        """
        now = time.monotonic()
        is_due = now - self._known_at >= self._refreshed_s
        if is_due and now - self._asked_at >= self._asked_again_s:
            if self._asking is None or self._asking.done():
                self._asked_at = now
                self._asking = asyncio.create_task(self._ask())
        if now - self._known_at >= self._stale_s and self._asking is not None:
            await asyncio.shield(self._asking)
        if session_id in self._ended:
            return True
        return False if self._is_complete else None

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            answer = await self._http.get(PATH)
            listed = answer.raise_for_status().json()
            ended, is_complete = frozenset(map(str, listed["ended"])), listed["complete"] is True
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("ended_sessions.unknown", error=type(error).__name__)
            return
        self._ended, self._is_complete, self._known_at = ended, is_complete, time.monotonic()
