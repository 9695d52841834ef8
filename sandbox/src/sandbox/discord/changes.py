"""Waiting for the world to change, always with a limit."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_S = 0.1


class Changes:
    """Wakes everyone who waits whenever something changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def notify(self) -> None:
        """Let every waiter look again."""
        for event in self._waiting:
            event.set()

    async def wait(self, look: Callable[[], T | None], timeout_s: float) -> T | None:
        """What `look` finds, as soon as it finds something; None once the time is over.

        It also looks again without a change, because deadlines pass silently.
        """
        event = asyncio.Event()
        self._waiting.add(event)
        deadline = time.monotonic() + timeout_s
        try:
            while (found := look()) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                event.clear()
                await self._pause(event, min(left, LOOK_AGAIN_S))
            return found
        finally:
            self._waiting.discard(event)

    @staticmethod
    async def _pause(event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
