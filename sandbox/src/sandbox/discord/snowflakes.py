"""Discord's ids: 64-bit numbers as text that rise with time and carry their birth."""

from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000
TIME_SHIFT = 22


class Snowflakes:
    """A source of ids, each greater than every id before it."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._last = 0

    def next(self) -> str:
        """A fresh id of this moment."""
        born_ms = int(self._time() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, born_ms << TIME_SHIFT)
        return str(self._last)


def is_snowflake(value: object) -> bool:
    """Whether the value is an id in Discord's spelling, as text or as a JSON number."""
    return (isinstance(value, str) and value.isascii() and value.isdigit()) or type(value) is int
