"""Time as something passed in, so that a window of seven days can be tested in a second."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from chassis.settings import Profile, ServiceSettings

_LOOK_EVERY_S = 0.05
_FOLLOW_EVERY_S = 0.1
_MOVED_S = 0.5


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """Time that moves only when told to."""

    def __init__(self, at: datetime | None = None) -> None:
        """Start at the given moment, or at the real one."""
        self._at = at or datetime.now(UTC)

    def now(self) -> datetime:
        """The moment the clock was last moved to."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._at += by


class FileClock:
    """Real time plus the seconds a file holds, so that several processes move together."""

    def __init__(self, path: Path) -> None:
        """Follow the file; a file that is absent means real time."""
        self._path = path
        self._offset = timedelta()
        self._looked_at = 0.0
        self._seen_ns = -1

    def now(self) -> datetime:
        """The present moment, moved by what the file says."""
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._look()
        return datetime.now(UTC) + self._offset

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            seen_ns = self._path.stat().st_mtime_ns
            if seen_ns != self._seen_ns:
                self._offset = timedelta(seconds=int(self._path.read_text().strip() or "0"))
                self._seen_ns = seen_ns
        except FileNotFoundError:
            self._offset, self._seen_ns = timedelta(), -1


async def wait(
    clock: Clock, until: datetime | None, called: asyncio.Event, at_most_s: float
) -> None:
    """Wait until that moment by this clock, until called, or for so many seconds at most.

    Real time is slept through. A clock that can be moved is looked at again and again, and one
    that was moved ends the wait.
    """
    step_s = at_most_s if isinstance(clock, SystemClock) else _FOLLOW_EVERY_S
    began, began_at = time.monotonic(), clock.now()
    while True:
        waited_s, now = time.monotonic() - began, clock.now()
        left_s = at_most_s - waited_s
        if until is not None:
            left_s = min(left_s, (until - now).total_seconds())
        if left_s <= 0 or abs((now - began_at).total_seconds() - waited_s) > _MOVED_S:
            return
        try:
            async with asyncio.timeout(min(left_s, step_s)):
                await called.wait()
        except TimeoutError:
            continue
        return


def from_settings(settings: ServiceSettings) -> Clock:
    """Real time, or the moved clock that development and tests may ask for."""
    if settings.clock_file is None:
        return SystemClock()
    if settings.profile is Profile.PRODUCTION:
        raise ValueError("HOLDFAST_CLOCK_FILE moves time and is refused in production: unset it")
    return FileClock(settings.clock_file)
