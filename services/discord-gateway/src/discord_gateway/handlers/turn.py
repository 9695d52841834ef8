"""Cards of one line come one after the other, and changes of one card not too fast."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

BETWEEN_EDITS_S = 1.0


class Line:
    """Cards for one recipient wait here for each other, in the order they came."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lock = asyncio.Lock()
        self.length = 0
        """How many are here, with the one whose turn it is."""
        self.refused = False
        """Discord took none of this line's any more: who is here follows the one before."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the block runs."""
        self.length += 1
        try:
            async with self._lock:
                yield
        finally:
            self.length -= 1


class Lines:
    """The line of each recipient, for as long as anybody waits in it."""

    def __init__(self) -> None:
        """Nobody waits anywhere."""
        self._lines: weakref.WeakValueDictionary[str, Line] = weakref.WeakValueDictionary()

    def at(self, name: str) -> Line:
        """The line of this name."""
        return self._lines.setdefault(name, Line())


class Turn:
    """Changes of one card know of the newest among them, and come not too fast."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.newest = 0
        """The highest revision that was announced."""
        self._free_at = 0.0
        self._newer_came = asyncio.Event()

    def announce(self, revision: int) -> None:
        """A card of this revision waits for its turn from now on."""
        if revision > self.newest:
            self.newest = revision
            self._newer_came.set()

    async def pause(self, revision: int) -> None:
        """Wait until the card may change again, or a newer one has come to take the turn."""
        clock = asyncio.get_running_loop().time
        while revision >= self.newest and (left_s := self._free_at - clock()) > 0:
            self._newer_came.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._newer_came.wait()

    def edited(self) -> None:
        """The card changed: of what comes within a second, only the newest is shown, after it."""
        loop = asyncio.get_running_loop()
        self._free_at = loop.time() + BETWEEN_EDITS_S
        loop.call_later(BETWEEN_EDITS_S, self._may_go)

    def _may_go(self) -> None:
        """Nothing to do: that this was to be called has kept the turn in mind until now."""


class Turns:
    """The turn of each card, for as long as anybody waits or a change is not long ago."""

    def __init__(self) -> None:
        """Nobody waits anywhere."""
        self._turns: weakref.WeakValueDictionary[str, Turn] = weakref.WeakValueDictionary()

    def announced(self, name: str, revision: int) -> Turn:
        """The turn of this card; it knows of this revision from now on."""
        turn = self._turns.setdefault(name, Turn())
        turn.announce(revision)
        return turn
