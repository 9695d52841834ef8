"""Cards for one place come one after the other, and changes of one card not too fast."""

from __future__ import annotations

import asyncio
import weakref
from contextlib import suppress

BETWEEN_EDITS_S = 1.0


class Turn:
    """Cards for one place wait here for each other, and know of the newest among them."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.lock = asyncio.Lock()
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
    """The turn of each place, for as long as anybody waits or a change is not long ago."""

    def __init__(self) -> None:
        """Nobody waits anywhere."""
        self._turns: weakref.WeakValueDictionary[str, Turn] = weakref.WeakValueDictionary()

    def at(self, place: str) -> Turn:
        """The turn of this place."""
        return self._turns.setdefault(place, Turn())
