"""Whether this process runs out of open files, which connections are too."""

from __future__ import annotations

import asyncio
import errno
import os
import resource

import structlog

LOOK_EVERY_S = 1.0
_NEXT_STEP = (
    "raise the limit where the service is started (ulimit -n, LimitNOFILE=, ulimits:), or look "
    "who keeps so many connections open"
)

log = structlog.get_logger(__name__)


class OpenFiles:
    """Looks at how many files are open; nine tenths of the limit is too many.

    At the limit itself uvloop closes new connections unheard, so /ready could not tell any more.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self._limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def forever(self) -> None:
        """Look again and again; the log is told when it begins and when it ends."""
        while True:
            self.look(_open_files(self._limit))
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self, used: int) -> None:
        """Take in how many files are open now."""
        had = self.fault
        few = used * 10 >= self._limit * 9
        self.fault = f"{used} of {self._limit} open files are in use" if few else None
        if few and not had:
            log.error("open_files.exhausted", used=used, limit=self._limit, next_step=_NEXT_STEP)
        elif had and not few:
            log.info("open_files.free_again", used=used, limit=self._limit)


def _open_files(limit: int) -> int:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # the listing is one of them
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return limit
        raise
