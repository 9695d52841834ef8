"""Shows cards: as the answer to an interaction, to a person, or in a channel.

Towards Discord it is at least once: a new message carries a nonce, so that a repetition within
minutes is the same message; what became of a delivery is written down as soon as it is known.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from chassis.messaging.consumers import Away
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.discord import Deliver, PressButton, SecretLinkButton
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
from discord_gateway.domain.delivery import Delivery, Outcome, Place, Posted, Shown
from discord_gateway.domain.interaction import Pending
from discord_gateway.store import delivery as store
from discord_gateway.store import interaction
from discord_gateway.texts import text

ANSWER_BEFORE_S = 14 * 60
NONCE_LENGTH = 25
LISTING_KEY = "listing:"

log = structlog.get_logger(__name__)


class Turn:
    """Deliveries to one place wait here for each other, and know of the newest among them."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.lock, self.newest = asyncio.Lock(), 0


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Shows what it is told to show, once each, and newest last."""

    messages: Messages
    owners: Owners
    buttons: Buttons
    verbs: Collection[str]
    """The words that a button may carry here; another is not shown."""
    turns: weakref.WeakValueDictionary[str, Turn] = field(
        default_factory=weakref.WeakValueDictionary
    )

    @asynccontextmanager
    async def show(
        self, database: Database, reader: DiscordActor, command: Deliver
    ) -> AsyncIterator[Shown]:
        """Show the card, unless a newer one for its place waits already.

        Raises Away while Discord is not there. The next card for the place is shown when this
        one was remembered.
        """
        turn = self.turns.setdefault(_serial(command), Turn())
        turn.newest = max(turn.newest, command.revision)
        async with turn.lock:
            if command.card_key and command.revision < turn.newest:
                yield _superseded(command)
                return
            shown = await self._show(database, reader, command)
            failpoint("delivery.before_record")
            yield shown

    async def _show(self, database: Database, reader: DiscordActor, command: Deliver) -> Shown:
        try:
            if command.target.kind == "answer":
                answered = await self._answer(database, reader, command)
                if answered is not None:
                    return answered
            return await self._send(database, reader, command)
        except NotShown as error:
            return Shown(Delivery(command.delivery_id, Outcome.FAILED, error.reason_code))

    async def _answer(
        self, database: Database, reader: DiscordActor, command: Deliver
    ) -> Shown | None:
        """Answer the interaction, or None when it can no longer be answered."""
        command_id = command.target.command_id
        waiting = await interaction.find(database, command_id) if command_id else None
        if waiting is None or not _answerable(waiting, database):
            return None
        view = await self._view(reader, command, private=True)
        if (answered := await self.messages.answer(waiting, view)) is None:
            return None
        outcome, message = answered
        ids = (str(message.channel.id), str(message.id))
        made = Delivery(command.delivery_id, outcome, "", *ids)
        return Shown(made, answers=waiting.command_id)

    async def _send(self, database: Database, reader: DiscordActor, command: Deliver) -> Shown:
        place = _place(reader, command)
        private = place.kind == "direct"
        if command.card_key:
            standing = await store.posted(database, place.key, command.card_key)
            if standing is not None and standing.revision > command.revision:
                return _superseded(command)
            if standing is not None:
                view = await self._view(reader, command, private=private)
                if await self.messages.edit(standing, view):
                    return _posted(command, Outcome.EDITED, standing)
        view = await self._view(reader, command, private=private)
        message = await self.messages.post(place, view, command.delivery_id[-NONCE_LENGTH:])
        ids = (str(message.channel.id), str(message.id))
        return _posted(command, Outcome.POSTED, Posted(place.key, command.card_key, *ids, 0))

    async def _view(
        self, reader: DiscordActor, command: Deliver, *, private: bool
    ) -> ui.LayoutView:
        buttons: list[AnyButton] = []
        more: list[ui.Item[Any]] = []
        for button in command.card.buttons:
            if isinstance(button, PressButton) and button.verb not in self.verbs:
                log.warning("delivery.unknown_verb", verb=button.verb)
            elif not isinstance(button, SecretLinkButton):
                buttons.append(self.buttons.shown(button))
            elif private:
                opened = await self._secret(reader, command, button)
                buttons += opened[0]
                more += opened[1]
            else:
                log.error("delivery.secret_in_public", delivery_id=command.delivery_id)
        return render(command.card, buttons, reader.locale, *more)

    async def _secret(
        self, reader: DiscordActor, command: Deliver, button: SecretLinkButton
    ) -> tuple[list[AnyButton], list[ui.Item[Any]]]:
        key = command.delivery_id
        try:
            url = await self.owners.address(button.service, button.path, reader, key)
        except OwnerAway as error:
            raise Away(str(error)) from error
        except OwnerRefused as error:
            reason = error.detail or text("link.refused", reader.locale)
            return [], [ui.TextDisplay(refused_line(reason))]
        return openers(button.label, url)


async def delivered(tx: Transaction, _: DiscordActor, command: Deliver, shown: Shown) -> None:
    """Remember what became of it; tell of a listing's new card, and of one that was not shown."""
    await store.remember(tx, shown)
    made = shown.made
    if made.outcome is Outcome.FAILED:
        tx.stage(DeliveryFailed(delivery_id=command.delivery_id, reason_code=made.reason_code))
    elif made.outcome is Outcome.POSTED and _is_listing(command):
        tx.stage(
            ListingPosted(
                listing_id=command.card_key.removeprefix(LISTING_KEY),
                guild_id=command.target.guild_id or "",
                channel_id=made.channel_id,
                message_id=made.message_id,
            )
        )


def _answerable(waiting: Pending, database: Database) -> bool:
    age = database.clock.now() - waiting.created_at
    return waiting.acknowledged and bool(waiting.token) and age.total_seconds() < ANSWER_BEFORE_S


def _posted(command: Deliver, outcome: Outcome, message: Posted) -> Shown:
    ids = (message.channel_id, message.message_id)
    made = Delivery(command.delivery_id, outcome, "", *ids)
    if not command.card_key:
        return Shown(made)
    return Shown(made, Posted(message.target, command.card_key, *ids, command.revision))


def _superseded(command: Deliver) -> Shown:
    return Shown(Delivery(command.delivery_id, Outcome.SUPERSEDED))


def _serial(command: Deliver) -> str:
    """Deliveries with the same word here are made one after the other."""
    target = command.target
    place = target.channel_id or target.discord_user_id or str(target.command_id)
    return f"{target.kind}:{place}:{command.card_key}"


def _place(reader: DiscordActor, command: Deliver) -> Place:
    target = command.target
    if target.kind == "channel" and target.channel_id:
        return Place("channel", target.channel_id)
    return Place("direct", target.discord_user_id or reader.discord_user_id)


def _is_listing(command: Deliver) -> bool:
    return command.target.kind == "channel" and command.card_key.startswith(LISTING_KEY)
