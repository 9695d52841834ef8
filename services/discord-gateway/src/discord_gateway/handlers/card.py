"""Shows one card where it belongs, and writes down what became of it.

Towards Discord it is at least once: a new message carries a nonce, so that a repetition within
minutes is the same message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from chassis.messaging.consumers import Away
from chassis.storage.database import Transaction
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
class Cards:
    """Shows cards: as the answer to an interaction, to a person, or in a channel."""

    messages: Messages
    owners: Owners
    buttons: Buttons
    verbs: Collection[str]
    """The words that a button may carry here; another is not shown."""
    now: Present
    """Shows below a card how the thing stands that it is about."""
    turns: Turns = field(default_factory=Turns)

    def announced(self, reader: DiscordActor, asked: Deliver) -> Turn:
        """The turn of the card; older ones for its place are superfluous from now on."""
        return self.turns.announced(turn_of(asked, reader.discord_user_id), asked.revision)

    async def show(self, reader: DiscordActor, asked: Deliver, known: Known, turn: Turn) -> Shown:
        """Show it, unless a newer one has overtaken it.

        Raises Away while Discord is not there, and Busy while it takes no more for this place.
        """
        try:
            if asked.target.kind == "answer" and known.waiting is not None:
                answered = await self._answer(reader, asked, known.waiting)
                if answered is not None:
                    return answered
            return await self._send(reader, asked, known, turn)
        except NotShown as error:
            return Shown(asked.delivery_id, Outcome.FAILED, error.reason_code)

    async def change(self, reader: DiscordActor, asked: Deliver, known: Known) -> Shown:
        """Change only the message that stands there; what there is to know was told already."""
        standing, place = known.standing, place_of(asked, reader.discord_user_id)
        if standing is None or asked.revision < standing.revision:
            return Shown(asked.delivery_id, Outcome.SUMMED_UP)
        view = await self._view(reader, asked, private=place.kind == "direct")
        try:
            if await self.messages.edit(standing, view):
                ids = (standing.channel_id, standing.message_id)
                return _stands(asked, Outcome.EDITED, ids, place)
        except NotShown as error:
            return Shown(asked.delivery_id, Outcome.FAILED, error.reason_code)
        return Shown(asked.delivery_id, Outcome.SUMMED_UP)

    async def _answer(self, reader: DiscordActor, asked: Deliver, waiting: Pending) -> Shown | None:
        """Answer the interaction, or None when it can no longer be answered."""
        view = await self._view(reader, asked, private=True)
        if (answered := await self.messages.answer(waiting, view)) is None:
            return None
        outcome, message = answered
        ids = (str(message.channel.id), str(message.id))
        return Shown(asked.delivery_id, outcome, "", *ids, answers=waiting.command_id)

    async def _send(self, reader: DiscordActor, asked: Deliver, known: Known, turn: Turn) -> Shown:
        standing = known.standing
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
        nonce = asked.delivery_id[-NONCE_LENGTH:]
        message = await self.messages.post(place, known.channel_id, view, nonce)
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


async def remember(tx: Transaction, shown: Sequence[Shown], guild_id: str | None = None) -> None:
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
                    guild_id=guild_id or "",
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
