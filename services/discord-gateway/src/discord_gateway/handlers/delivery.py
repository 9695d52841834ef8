"""Shows cards: as the answer to an interaction, to a person, or in a channel.

Towards Discord it is at least once: a new message carries a nonce, so that a repetition within
minutes is the same message; what became of a delivery is written down as soon as it is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from chassis.messaging.consumers import Away
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.discord import Card, Deliver, PressButton, SecretLinkButton
from contracts_schema.events.discord import DeliveryFailed, ListingPosted
from contracts_schema.message import DiscordActor
from discord import ui

from discord_gateway.adapters.discord.cards import (
    AnyButton,
    Buttons,
    openers,
    refused_line,
    render,
)
from discord_gateway.adapters.discord.messages import Messages, NotShown
from discord_gateway.adapters.owners import OwnerAway, OwnerRefused, Owners
from discord_gateway.domain.delivery import (
    Known,
    Outcome,
    Place,
    Posted,
    Shown,
    deliveries_of,
    place_of,
    turn_of,
)
from discord_gateway.domain.interaction import Pending
from discord_gateway.handlers.turn import Turn, Turns
from discord_gateway.store import delivery as store
from discord_gateway.texts import text

Present = Callable[[DiscordActor, Card], Awaitable[tuple[Card, list[AnyButton]]]]
NONCE_LENGTH = 25
LISTING_KEY = "listing:"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Shows what it is told to show, once each, and newest last."""

    messages: Messages
    owners: Owners
    buttons: Buttons
    verbs: Collection[str]
    """The words that a button may carry here; another is not shown."""
    now: Present
    """Shows below a card how the thing stands that it is about."""
    turns: Turns = field(default_factory=Turns)

    @asynccontextmanager
    async def show(
        self, database: Database, reader: DiscordActor, command: Deliver
    ) -> AsyncIterator[list[Shown]]:
        """Show the cards, but none that a newer one for its place has overtaken.

        Raises Away while Discord is not there. The next card for a place is shown when this one
        was remembered.
        """
        who, asked = reader.discord_user_id, deliveries_of(command)
        turns = {turn_of(each, who): self.turns.at(turn_of(each, who)) for each in asked}
        for each in asked:
            turns[turn_of(each, who)].announce(each.revision)
        async with AsyncExitStack() as stack:
            for _, turn in sorted(turns.items()):  # in one order, so that no two wait in a circle
                await stack.enter_async_context(turn.lock)
            known = await store.known(database, asked, who)
            showing = [
                self._show(reader, each, known[each.delivery_id], turns[turn_of(each, who)])
                for each in asked
                if not known[each.delivery_id].made
            ]
            shown = await self._each(database, command, showing)
            failpoint("delivery.before_record")
            yield shown

    async def _each(self, database: Database, command: Deliver, showing: list[Any]) -> list[Shown]:
        """Show them side by side; where one has to wait, what was shown is remembered first."""
        made = await asyncio.gather(*showing, return_exceptions=True)
        shown = [each for each in made if isinstance(each, Shown)]
        failed = [each for each in made if isinstance(each, BaseException)]
        if failed and shown:
            await database.run(lambda tx: _remember(tx, command, shown))
        if failed:
            raise failed[0]
        return shown

    async def _show(self, reader: DiscordActor, asked: Deliver, known: Known, turn: Turn) -> Shown:
        try:
            if asked.target.kind == "answer" and known.waiting is not None:
                answered = await self._answer(reader, asked, known.waiting)
                if answered is not None:
                    return answered
            return await self._send(reader, asked, known.standing, turn)
        except NotShown as error:
            return Shown(asked.delivery_id, Outcome.FAILED, error.reason_code)

    async def _answer(self, reader: DiscordActor, asked: Deliver, waiting: Pending) -> Shown | None:
        """Answer the interaction, or None when it can no longer be answered."""
        view = await self._view(reader, asked, private=True)
        if (answered := await self.messages.answer(waiting, view)) is None:
            return None
        outcome, message = answered
        ids = (str(message.channel.id), str(message.id))
        return Shown(asked.delivery_id, outcome, "", *ids, answers=waiting.command_id)

    async def _send(
        self, reader: DiscordActor, asked: Deliver, standing: Posted | None, turn: Turn
    ) -> Shown:
        if standing is not None:
            await turn.pause(asked.revision)
        newest = max(turn.newest, standing.revision if standing else 0)
        if asked.card_key and asked.revision < newest:
            return Shown(asked.delivery_id, Outcome.SUPERSEDED)
        place = place_of(asked, reader.discord_user_id)
        view = await self._view(reader, asked, private=place.kind == "direct")
        if standing is not None and await self.messages.edit(standing, view):
            turn.edited()
            return _stands(asked, Outcome.EDITED, (standing.channel_id, standing.message_id), place)
        message = await self.messages.post(place, view, asked.delivery_id[-NONCE_LENGTH:])
        return _stands(asked, Outcome.POSTED, (str(message.channel.id), str(message.id)), place)

    async def _view(self, reader: DiscordActor, asked: Deliver, *, private: bool) -> ui.LayoutView:
        card, buttons = asked.card, list[AnyButton]()
        more: list[ui.Item[Any]] = []
        if private and card.now is not None:
            card, buttons = await self.now(reader, card)
        for button in card.buttons:
            if isinstance(button, PressButton) and button.verb not in self.verbs:
                log.warning("delivery.unknown_verb", verb=button.verb)
            elif not isinstance(button, SecretLinkButton):
                buttons.append(self.buttons.shown(button))
            elif private:
                opened = await self._secret(reader, asked, button)
                buttons += opened[0]
                more += opened[1]
            else:
                log.error("delivery.secret_in_public", delivery_id=asked.delivery_id)
        return render(card, buttons, reader.locale, *more)

    async def _secret(
        self, reader: DiscordActor, asked: Deliver, button: SecretLinkButton
    ) -> tuple[list[AnyButton], list[ui.Item[Any]]]:
        key = asked.delivery_id
        try:
            url = await self.owners.address(button.service, button.path, reader, key)
        except OwnerAway as error:
            raise Away(str(error)) from error
        except OwnerRefused as error:
            reason = error.detail or text("link.refused", reader.locale)
            return [], [ui.TextDisplay(refused_line(reason))]
        return openers(button.label, url)


async def delivered(tx: Transaction, _: DiscordActor, command: Deliver, shown: list[Shown]) -> None:
    """Remember what became of the cards, and tell of what others want to know."""
    await _remember(tx, command, shown)


async def _remember(tx: Transaction, command: Deliver, shown: list[Shown]) -> None:
    """Write it down; tell of a listing's new card, and of a card that was not shown."""
    if shown:
        await store.remember(tx, shown)
    for each in shown:
        if each.outcome is Outcome.FAILED:
            tx.stage(DeliveryFailed(delivery_id=each.delivery_id, reason_code=each.reason_code))
        elif each.outcome is Outcome.POSTED and each.posted and _is_listing(each.posted):
            tx.stage(
                ListingPosted(
                    listing_id=each.posted.card_key.removeprefix(LISTING_KEY),
                    guild_id=command.target.guild_id or "",
                    channel_id=each.channel_id,
                    message_id=each.message_id,
                )
            )


def _stands(asked: Deliver, outcome: Outcome, ids: tuple[str, str], place: Place) -> Shown:
    posted = None
    if asked.card_key:
        posted = Posted(place.key, asked.card_key, *ids, asked.revision)
    return Shown(asked.delivery_id, outcome, "", *ids, posted=posted)


def _is_listing(posted: Posted) -> bool:
    return posted.target.startswith("channel:") and posted.card_key.startswith(LISTING_KEY)
