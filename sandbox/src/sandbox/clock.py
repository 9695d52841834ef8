"""The time the outside world lives in: real time plus a number of seconds that a test may move."""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

REREAD_S = 0.05
POLL_S = 0.05


class Clock:
    """Real time plus an offset, taken from a file shared by all processes where one is named."""

    def __init__(
        self, offset_file: Path | None = None, real: Callable[[], float] = time.time
    ) -> None:
        self._file = offset_file
        self._real = real
        self._offset = 0
        self._checked = float("-inf")
        self._mtime_ns = -1

    @classmethod
    def from_environment(cls) -> "Clock":
        """The clock that HOLDFAST_CLOCK_FILE names; real time without it."""
        name = os.environ.get("HOLDFAST_CLOCK_FILE")
        return cls(Path(name) if name else None)

    def offset_s(self) -> int:
        """Seconds added to real time at this moment."""
        if self._file is not None and time.monotonic() - self._checked >= REREAD_S:
            self._checked = time.monotonic()
            self._reread(self._file)
        return self._offset

    def _reread(self, file: Path) -> None:
        try:
            mtime_ns = file.stat().st_mtime_ns
            if mtime_ns != self._mtime_ns:
                self._offset = int(file.read_text(encoding="ascii").strip() or "0")
                self._mtime_ns = mtime_ns
        except FileNotFoundError:
            self._offset, self._mtime_ns = 0, -1
        except ValueError:
            return  # a half-written file: keep the last good offset and look again

    def move(self, seconds: int) -> None:
        """Move time forward for every process that shares the file, or for this one without it."""
        moved = self.offset_s() + seconds
        if self._file is None:
            self._offset = moved
            return
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        fresh.write_text(str(moved), encoding="ascii")
        fresh.replace(self._file)
        self._checked = float("-inf")

    def time(self) -> float:
        """Seconds since the epoch, moved."""
        return self._real() + self.offset_s()

    def timestamp(self) -> int:
        """Whole seconds since the epoch, moved."""
        return int(self.time())

    def now(self) -> datetime:
        """The moved time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.time(), UTC)

    async def wait_until(self, moment: float) -> None:
        """Return once the moved time reaches the moment, however it gets there."""
        while (left := moment - self.time()) > 0:  # noqa: ASYNC110 (no one tells of a moved clock)
            await asyncio.sleep(min(left, POLL_S))
