"""Messages of one queue that are applied together: one claim, one transaction, one commit.

While a batch is applied the next one gathers, so that no message waits for a batch to fill. After
any error each is applied by itself: a message that can never be applied harms no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

import structlog

from chassis.cause import Cause
from chassis.storage.database import BEGIN, Database, Transaction
from chassis.storage.inbox import Claim, apply_once, claimed, claiming

MOST = 50

log = structlog.get_logger(__name__)

Work = Callable[[Transaction], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One message that waits; ``first`` tells what became of it, None: to be applied by itself."""

    claim: Claim
    work: Work
    cause: Cause
    context: Context
    first: asyncio.Future[bool | None]

    async def apply(self, transaction: Transaction) -> None:
        """Do its work, in its own trace and for its own cause."""
        transaction.cause = self.cause
        await asyncio.create_task(self.work(transaction), context=self.context)

    def end(self, first: bool | None) -> None:
        """Tell who waits, if anybody still does."""
        if not self.first.done():
            self.first.set_result(first)


class Batches:
    """Applies the messages of one queue, as many at once as have come, in the order they came."""

    def __init__(self, database: Database) -> None:
        """Apply them to this database."""
        self._database = database
        self._waiting: deque[_Entry] = deque()
        self._running: asyncio.Task[None] | None = None

    async def apply_once(self, claim: Claim, work: Work, cause: Cause) -> bool:
        """Run the work in a transaction that claims the message, as ``inbox.apply_once`` does."""
        ended = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(claim, work, cause, copy_context(), ended))
        if self._running is None:
            self._running = asyncio.create_task(self._run(), context=Context())
        first: bool | None = await ended
        if first is None:
            return await apply_once(self._database, claim, work, cause)
        return first

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                await (self._alone(*batch) if len(batch) == 1 else self._together(batch))
        finally:
            self._running = None

    async def _alone(self, entry: _Entry) -> None:
        try:
            first = await apply_once(self._database, entry.claim, entry.apply, entry.cause)
        except Exception as error:
            if not entry.first.done():
                entry.first.set_exception(error)
        else:
            entry.end(first)

    async def _together(self, batch: list[_Entry]) -> None:
        claims = [entry.claim for entry in batch]

        async def apply(transaction: Transaction) -> list[bool]:
            first, new = list[bool](), await claimed(transaction, claims)
            for entry in batch:
                first.append(entry.claim.message_id in new)
                if first[-1]:
                    new.remove(entry.claim.message_id)  # a copy in the same batch is no first one
                    await entry.apply(transaction)
            return first

        try:
            first: list[bool] | list[None] = await self._database.run(
                apply, opening=f"{BEGIN}; {claiming(claims)}"
            )
        except Exception as error:
            shown = f"{type(error).__name__}: {error}"[:300]
            log.warning("consumer.one_by_one", messages=len(batch), error=shown)
            first = [None] * len(batch)
        for entry, is_first in zip(batch, first, strict=True):
            entry.end(is_first)
