"""Cards of who is busy wait in the database, each recipient's in a line of their own.

What comes for a line while cards wait in it waits behind them. So the queue never stands still for
one recipient, and whatever becomes of this process, no card is lost and none is overtaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog
from chassis.cause import Cause
from chassis.messaging.retries import AWAY
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from prometheus_client import Gauge

from discord_gateway.adapters.discord.messages import Busy
from discord_gateway.domain.backlog import Kept, Waiting, alike, overtaken, summed_up
from discord_gateway.domain.delivery import Outcome, Shown
from discord_gateway.handlers.card import Cards, remember
from discord_gateway.handlers.turn import Lines
from discord_gateway.store import backlog as store
from discord_gateway.store import delivery

LONGEST_LINE = 4
"""So many cards of one recipient may wait in the queue; more wait in the database."""
WAITS_S = (1.0, 5.0, 30.0)
MOST_TRIES = 5
"""A card that cannot be shown for a reason nobody foresaw is given up after this, and told of."""

BUSY_LINES = Gauge("holdfast_discord_busy_lines", "Recipients whose cards wait for their turn")

log = structlog.get_logger(__name__)


class Backlog:
    """Shows what waits, every line by itself."""

    def __init__(self, cards: Cards) -> None:
        """Show them so; nothing is known to wait before ``forever`` has looked."""
        self._cards, self.lines = cards, Lines()
        self._opened = asyncio.Event()
        self._served: dict[str, asyncio.Task[None]] = {}
        self._deciding: dict[str, set[asyncio.Event]] = {}
        self._came: set[str] = set()
        self._database: Database | None = None
        BUSY_LINES.set_function(lambda: len(self._served))

    async def opened(self) -> None:
        """Wait until it is known which lines cards wait in."""
        await self._opened.wait()

    def holds(self, line: str) -> bool:
        """Whether cards of this line wait, so that the next has to wait behind them."""
        return line in self._served or line in self._deciding

    def must_wait(self, line: str) -> bool:
        """Whether a card that comes now has to wait in the database."""
        return self.holds(line) or self.lines.at(line).length >= LONGEST_LINE

    @contextmanager
    def keeping(self, lines: Iterable[str]) -> Iterator[None]:
        """While the block runs, cards of these lines are being written down."""
        kept, written = set(lines), asyncio.Event()
        for line in kept:
            self._deciding.setdefault(line, set()).add(written)
        try:
            yield
        finally:
            written.set()
            for line in kept:
                self._deciding[line].discard(written)
                if not self._deciding[line]:
                    del self._deciding[line]
                self._came.add(line)
                self._serve(line)

    async def forever(self, database: Database) -> None:
        """Show what waits, for as long as this process is the one that shows."""
        self._database = database
        try:
            for line in await store.lines(database):
                self._serve(line)
            self._opened.set()
            await asyncio.Event().wait()
        finally:
            self._opened.clear()
            self._database, tasks = None, list(self._served.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _serve(self, line: str) -> None:
        """Have somebody show what waits in the line."""
        if self._database is not None and line not in self._served:
            self._served[line] = asyncio.create_task(self._work(self._database, line))

    async def _work(self, database: Database, line: str) -> None:
        failed = 0
        try:
            while True:
                self._came.discard(line)
                try:
                    if not await self._step(database, line) and line not in self._came:
                        return
                    failed = 0
                except Busy as error:
                    await asyncio.sleep(error.retry_after_s)
                except Exception as error:
                    failed += 1
                    await self._failed(database, line, failed, error)
        finally:
            del self._served[line]

    async def _failed(self, database: Database, line: str, failed: int, error: Exception) -> None:
        """Wait before the next try; a card that fails again and again is given up."""
        shown = f"{type(error).__name__}: {error}"[:300]
        if isinstance(error, AWAY):
            log.warning("backlog.waits", line=line, error=shown)
        else:
            log.error("backlog.failed", line=line, tries=failed, error=shown, exc_info=error)
            if failed % MOST_TRIES == 0 and (waiting := await store.waiting(database, line)):
                given_up = Shown(waiting[0].delivery_id, Outcome.FAILED, "unexpected")
                await self._end(database, [given_up])
        await asyncio.sleep(WAITS_S[min(failed, len(WAITS_S)) - 1])

    async def _step(self, database: Database, line: str) -> bool:
        """Do what comes next in the line; False if nothing waits."""
        here = self.lines.at(line)
        async with here.turn():  # what stood here before the first had to wait goes first
            here.refused = False
            waiting = await store.waiting(database, line)
            if not (under_way := tuple(self._deciding.get(line, ()))):
                await self._next(database, waiting)
                return bool(waiting)
        for each in under_way:  # of cards that come together a later one may be written down first
            await each.wait()
        async with here.turn():
            here.refused = False
            waiting = await store.waiting(database, line)
            await self._next(database, waiting)
        return bool(waiting)

    async def _next(self, database: Database, waiting: list[Waiting]) -> None:
        if gone := overtaken(waiting):
            await self._end(database, [Shown(each, Outcome.SUPERSEDED) for each in gone])
        elif waiting and (many := alike(waiting)):
            await self._sum_up(database, many)
        elif waiting:
            await self._show(database, await store.find(database, waiting[0].delivery_id))

    async def _show(self, database: Database, kept: Kept) -> None:
        reader, asked = kept.reader, kept.asked
        turn = self._cards.announced(reader, asked)
        found = await delivery.known(database, [asked], reader.discord_user_id)
        known, shown = found[asked.delivery_id], None
        if not known.made:
            if kept.told:
                shown = await self._cards.change(reader, asked, known)
            else:
                shown = await self._cards.show(reader, asked, known, turn)
        failpoint("backlog.before_record")
        await self._end(database, [shown] if shown else [], kept)

    async def _sum_up(self, database: Database, many: list[str]) -> None:
        """One card takes the place of many; their own messages, where they stand, change later."""
        first = await store.find(database, many[0])

        async def work(tx: Transaction) -> None:
            await store.tell(tx, many)
            await store.keep(tx, [summed_up(first, len(many))])

        await database.run(work)

    async def _end(self, database: Database, shown: list[Shown], kept: Kept | None = None) -> None:
        """Write down what became of cards, which wait no longer."""
        over = [kept.asked.delivery_id] if kept else [each.delivery_id for each in shown]
        cause = Cause(kept.correlation_id, kept.causation_id) if kept else Cause()
        guild_id = kept.asked.target.guild_id if kept else None

        async def work(tx: Transaction) -> None:
            await remember(tx, shown, guild_id)
            await store.remove(tx, over)

        await database.run(work, cause)
