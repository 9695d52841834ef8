"""Orders to show cards: shown at once, or kept where the recipient has many to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.discord import Deliver
from contracts_schema.message import DiscordActor

from discord_gateway.adapters.discord.messages import Busy
from discord_gateway.domain.backlog import Kept
from discord_gateway.domain.delivery import Known, Shown, answers, deliveries_of, line_of, place_of
from discord_gateway.handlers.backlog import Backlog
from discord_gateway.handlers.card import Cards, remember
from discord_gateway.handlers.turn import Turn
from discord_gateway.store import backlog
from discord_gateway.store import delivery as store


@dataclass(frozen=True, slots=True)
class Asked:
    """One card of an order, the line it stands in, and the turn of its place."""

    card: Deliver
    line: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an order: cards that were shown, and cards that wait."""

    shown: Sequence[Shown]
    kept: Sequence[Kept]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Shows what it is told to show, once each, and newest last."""

    cards: Cards
    backlog: Backlog

    @asynccontextmanager
    async def show(
        self, database: Database, reader: DiscordActor, command: Deliver
    ) -> AsyncIterator[Made]:
        """Show the cards, but none that a newer one for its place has overtaken.

        Raises Away while Discord is not there. The next card of a line is shown when this one was
        remembered; where too many stand in a line already, or Discord takes no more for it, the
        card is kept for later.
        """
        await self.backlog.opened()
        asked = [self._asked(reader, each) for each in deliveries_of(command)]
        async with AsyncExitStack() as stack:
            late = [each for each in asked if self._must_wait(each)]
            stack.enter_context(self.backlog.keeping(_lines(reader, late)))
            soon = [each for each in asked if each not in late]
            for line in sorted({each.line for each in soon}):  # so that no two wait in a circle
                await stack.enter_async_context(self.backlog.lines.at(line).turn())
            shown, refused = await self._each(database, reader, command, soon)
            stack.enter_context(self.backlog.keeping(_lines(reader, refused)))
            failpoint("delivery.before_record")
            yield Made(shown, [_kept(reader, each) for each in (*late, *refused)])

    def _asked(self, reader: DiscordActor, card: Deliver) -> Asked:
        line = line_of(card, reader.discord_user_id)
        return Asked(card, line, self.cards.announced(reader, card))

    def _must_wait(self, asked: Asked) -> bool:
        return not answers(asked.card) and self.backlog.must_wait(asked.line)

    async def _each(
        self, database: Database, reader: DiscordActor, command: Deliver, soon: list[Asked]
    ) -> tuple[list[Shown], list[Asked]]:
        """Show them side by side: what was shown, and what has to wait after all.

        Where one cannot be shown for now, what was shown is remembered first.
        """
        known = await store.known(database, [each.card for each in soon], reader.discord_user_id)
        left = [each for each in soon if not known[each.card.delivery_id].made]
        made = await asyncio.gather(
            *(self._show(reader, each, known[each.card.delivery_id]) for each in left),
            return_exceptions=True,
        )
        shown = [each for each in made if isinstance(each, Shown)]
        refused = [each for each, end in zip(left, made, strict=True) if isinstance(end, Busy)]
        failed = [end for end in made if isinstance(end, BaseException) and type(end) is not Busy]
        if failed and shown:
            guild_id = command.target.guild_id
            await database.run(lambda tx: remember(tx, shown, guild_id))
        if failed:
            raise failed[0]
        return shown, refused

    async def _show(self, reader: DiscordActor, asked: Asked, known: Known) -> Shown:
        line = self.backlog.lines.at(asked.line)
        try:
            if line.refused:
                raise Busy("the card before it has to wait")
            if known.waiting is None or not answers(asked.card):
                self._require_room(reader, asked, known)
            return await self.cards.show(reader, asked.card, known, asked.turn)
        except Busy:
            line.refused = True
            raise

    def _require_room(self, reader: DiscordActor, asked: Asked, known: Known) -> None:
        """Raise Busy where a message, sent now, would overtake others or hold up the queue."""
        place = place_of(asked.card, reader.discord_user_id)
        if answers(asked.card) and self.backlog.holds(place.key):
            raise Busy("earlier cards of the person wait")
        if self.cards.messages.is_crowded(place, known.channel_id):
            raise Busy("many direct messages are being opened")


async def delivered(tx: Transaction, _: DiscordActor, command: Deliver, made: Made) -> None:
    """Remember what became of the cards, and which wait; tell of what others want to know."""
    await remember(tx, made.shown, command.target.guild_id)
    if made.kept:
        cause = (tx.cause.correlation_id, tx.cause.causation_id)
        await backlog.keep(
            tx,
            [replace(each, correlation_id=cause[0], causation_id=cause[1]) for each in made.kept],
        )


def _lines(reader: DiscordActor, asked: Sequence[Asked]) -> list[str]:
    return [place_of(each.card, reader.discord_user_id).key for each in asked]


def _kept(reader: DiscordActor, asked: Asked) -> Kept:
    return Kept(place_of(asked.card, reader.discord_user_id).key, reader, asked.card)
