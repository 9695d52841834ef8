"""A lease: one of several processes holds it, and another takes over soon after it is gone.

The database's clock says until when a lease runs. Its holder goes by its own, counted from before
it asked, and stops a moment earlier: one that was paused finds that out before it does anything.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy import bindparam, delete, func, or_
from sqlalchemy.dialects.postgresql import insert

from chassis.storage.database import LOST, Database
from chassis.storage.sql import statement
from chassis.storage.tables import leases

LASTS = timedelta(seconds=5)
STOPS_EARLIER_S = 1.0
RENEWED_EVERY_S = 1.5
ASKED_WITHIN_S = 1.0
ASKED_FOR_EVERY_S = 0.5
LOST_EXIT = 72

log = structlog.get_logger(__name__)

_UNTIL = func.now() + LASTS
_OURS = leases.c.holder == bindparam("holder")
_WANTED = insert(leases).values(name=bindparam("name"), holder=bindparam("holder"), until=_UNTIL)
_TAKE = statement(
    _WANTED.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": _WANTED.excluded.holder, "until": _WANTED.excluded.until},
        where=or_(leases.c.until <= func.now(), leases.c.holder == _WANTED.excluded.holder),
    )
)
_GIVE_BACK = statement(delete(leases).where(leases.c.name == bindparam("name"), _OURS))


class Lease:
    """A name that one process at a time holds; one that lost it ends, and is started again."""

    def __init__(self, name: str) -> None:
        """Nobody's yet, as far as this process knows."""
        self._name, self._holder = name, uuid4()
        self._until = 0.0
        self._database: Database | None = None
        self.is_elsewhere = False
        """Whether another process had it when this one asked last."""

    @property
    def is_held(self) -> bool:
        """Whether it is surely this process's now."""
        return _now() < self._until

    async def take(self, database: Database) -> None:
        """Wait until it is this process's, and keep it in mind."""
        self._database = database
        while not await self._ask():  # noqa: ASYNC110 - another process gives it back
            await asyncio.sleep(ASKED_FOR_EVERY_S)
        log.info("lease.taken", lease=self._name)

    async def keep(self) -> None:
        """Renew it again and again; end the process once another has it."""
        while True:
            await asyncio.sleep(RENEWED_EVERY_S)
            await self._ask_again()

    async def require(self) -> None:
        """Return if it is this process's; if another has it, end before anything more is done.

        While the database is away nobody can take it, and what needs no database goes on.
        """
        if not self.is_held:
            await self._ask_again()

    async def give_back(self) -> None:
        """Let another process take over at once."""
        self._until = 0.0
        if self._database is None:
            return
        try:
            async with asyncio.timeout(ASKED_WITHIN_S):
                await self._database.execute(_GIVE_BACK, name=self._name, holder=self._holder)
        except (*LOST, TimeoutError) as error:
            log.info("lease.runs_out", lease=self._name, error=str(error)[:200])

    async def _ask_again(self) -> None:
        if await self._ask() is False:
            log.critical("lease.lost", lease=self._name, next_step="the supervisor restarts me")
            os._exit(LOST_EXIT)

    async def _ask(self) -> bool | None:
        """Take or renew it: False if another has it, None if the database is away."""
        if self._database is None:
            return False
        until = _now() + LASTS.total_seconds() - STOPS_EARLIER_S
        try:
            async with asyncio.timeout(ASKED_WITHIN_S):
                taken = await self._database.execute(_TAKE, name=self._name, holder=self._holder)
        except (*LOST, TimeoutError) as error:
            log.warning("lease.waits", lease=self._name, error=str(error)[:200])
            return None
        self.is_elsewhere = not taken
        if taken:
            self._until = until
        return bool(taken)


def _now() -> float:
    """Seconds that also pass while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
