"""Showing cards: as the answer to an interaction, to a person, or in a channel.

Towards Discord it is at least once: a new message carries a nonce, so that a repetition within
minutes is the same message; what became of a delivery is written down as soon as it is known.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import discord
import structlog
from chassis.messaging.consumers import Away
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database
from contracts_schema.commands.discord import Deliver, SecretLinkButton, Target
from discord import ui

from discord_gateway import links, store
from discord_gateway.cards import AnyButton, Buttons, render
from discord_gateway.catalogue import text
from discord_gateway.clients import OwnerAway, OwnerRefused, Owners
from discord_gateway.links import Source
from discord_gateway.session import Bot, Session
from discord_gateway.store import Delivery, Outcome, Pending, Posted, Shown

ANSWER_BEFORE_S = 14 * 60
NONCE_LENGTH = 25
UNKNOWN_MESSAGE = 10008
DMS_CLOSED = (50007, 50278)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message of the bot goes: a person's direct messages, or a channel."""

    kind: str
    id: str

    @property
    def key(self) -> str:
        """What card keys are kept under."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Order:
    """One delivery on its way: what to show, to whom, in which language."""

    command: Deliver
    reader: str
    locale: str


class Turn:
    """Deliveries to one place wait here for each other, and know of the newest among them."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.lock, self.newest = asyncio.Lock(), 0


class Deliveries:
    """Shows what it is told to show, once each, and newest last."""

    def __init__(
        self, database: Database, session: Session, owners: Owners, buttons: Buttons
    ) -> None:
        """Show through this session; ask these owners for secret addresses."""
        self._database, self._session = database, session
        self._owners, self._buttons = owners, buttons
        self._turns: weakref.WeakValueDictionary[str, Turn] = weakref.WeakValueDictionary()

    @asynccontextmanager
    async def show(self, order: Order) -> AsyncIterator[Shown]:
        """Show the card, unless a newer one for its place waits already.

        Raises Away while Discord is not there. The next card for the place is shown when this
        one was remembered.
        """
        turn = self._turns.setdefault(_serial(order.command), Turn())
        turn.newest = max(turn.newest, order.command.revision)
        async with turn.lock:
            if order.command.card_key and order.command.revision < turn.newest:
                yield _superseded(order)
                return
            shown = await self._show(order)
            failpoint("delivery.before_record")
            yield shown

    async def _show(self, order: Order) -> Shown:
        bot = self._session.client()
        if bot is None:
            raise Away("the session with Discord is not up")
        try:
            if order.command.target.kind == "answer":
                answered = await self._answer(bot, order)
                if answered is not None:
                    return answered
            return await self._send(bot, order)
        except discord.HTTPException as error:
            return self._failed(order, error)
        except (discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Away(f"Discord: {type(error).__name__}: {error}") from error

    def _failed(self, order: Order, error: discord.HTTPException) -> Shown:
        if error.status >= 500 or error.status in (401, 429):
            raise Away(f"Discord answers {error.status}") from error
        reason = "dms_closed" if error.code in DMS_CLOSED else f"discord_{error.code}"
        log.warning(
            "delivery.failed",
            delivery_id=order.command.delivery_id,
            reason=reason,
            status=error.status,
            error=str(error)[:500],
        )
        return Shown(Delivery(order.command.delivery_id, Outcome.FAILED, reason))

    async def _answer(self, bot: Bot, order: Order) -> Shown | None:
        """Answer the interaction, or None when it can no longer be answered."""
        command_id = order.command.target.command_id
        waiting = await store.pending(self._database, command_id) if command_id else None
        if waiting is None or not self._answerable(waiting):
            return None
        hook = discord.Webhook.from_state(
            cast(Any, {"id": waiting.application_id, "type": 3, "token": waiting.token}),
            bot._connection,
        )
        try:
            if waiting.answered_at is None:
                return await self._fill(hook, order, waiting)
            return await self._follow_up(hook, order, waiting)
        except discord.NotFound as error:
            log.info("answer.gone", code=error.code)
            return None
        except discord.HTTPException as error:
            if error.code != 50027:  # the token has expired by Discord's clock
                raise
            return None

    def _answerable(self, waiting: Pending) -> bool:
        age = self._database.clock.now() - waiting.created_at
        return (
            waiting.acknowledged and bool(waiting.token) and age.total_seconds() < ANSWER_BEFORE_S
        )

    async def _fill(self, hook: discord.Webhook, order: Order, waiting: Pending) -> Shown:
        view = await self._view(order, private=True)
        try:
            message = await hook.edit_message(cast(int, "@original"), view=view)
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return await self._follow_up(hook, order, waiting)
        return self._shown(order, Outcome.ANSWERED, message, waiting)

    async def _follow_up(self, hook: discord.Webhook, order: Order, waiting: Pending) -> Shown:
        view = await self._view(order, private=True)
        message = await hook.send(view=view, ephemeral=True, wait=True)
        return self._shown(order, Outcome.FOLLOWED_UP, message, waiting)

    def _shown(self, order: Order, outcome: Outcome, message: Any, waiting: Pending) -> Shown:
        made = Delivery(
            order.command.delivery_id, outcome, "", str(message.channel.id), str(message.id)
        )
        return Shown(made, answers=waiting.command_id)

    async def _send(self, bot: Bot, order: Order) -> Shown:
        place, command = _place(order), order.command
        standing = None
        if command.card_key:
            standing = await store.posted(self._database, place.key, command.card_key)
        if standing is not None:
            if standing.revision > command.revision:
                return _superseded(order)
            if await self._edit(bot, order, standing):
                return self._posted(order, place, Outcome.EDITED, standing)
        view = await self._view(order, private=place.kind == "direct")
        channel = await self._channel(bot, place)
        message = await channel.send(view=view, nonce=command.delivery_id[-NONCE_LENGTH:])
        sent = Posted(place.key, command.card_key, str(message.channel.id), str(message.id), 0)
        return self._posted(order, place, Outcome.POSTED, sent)

    async def _edit(self, bot: Bot, order: Order, standing: Posted) -> bool:
        """Change the message that stands there; False when it is gone."""
        view = await self._view(order, private=standing.target.startswith("direct:"))
        channel = bot.get_partial_messageable(int(standing.channel_id))
        try:
            await channel.get_partial_message(int(standing.message_id)).edit(view=view)
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return False
        return True

    def _posted(self, order: Order, place: Place, outcome: Outcome, message: Posted) -> Shown:
        command = order.command
        ids = (message.channel_id, message.message_id)
        made = Delivery(command.delivery_id, outcome, "", *ids)
        if not command.card_key:
            return Shown(made)
        return Shown(made, Posted(place.key, command.card_key, *ids, command.revision))

    async def _channel(self, bot: Bot, place: Place) -> discord.abc.Messageable:
        if place.kind == "channel":
            return bot.get_partial_messageable(int(place.id))
        return await bot.create_dm(discord.Object(int(place.id)))

    async def _view(self, order: Order, *, private: bool) -> ui.LayoutView:
        buttons: list[AnyButton] = []
        more: list[ui.Item[Any]] = []
        for button in order.command.card.buttons:
            if not isinstance(button, SecretLinkButton):
                buttons.append(self._buttons.shown(button))
            elif private:
                opened = await self._secret(order, button)
                buttons += opened[0]
                more += opened[1]
            else:
                log.error("delivery.secret_in_public", delivery_id=order.command.delivery_id)
        return render(order.command.card, buttons, order.locale, *more)

    async def _secret(
        self, order: Order, button: SecretLinkButton
    ) -> tuple[list[AnyButton], list[ui.Item[Any]]]:
        source = Source(button.service, button.path)
        try:
            url = await links.address(self._owners, source, order.reader, order.command.delivery_id)
        except OwnerAway as error:
            raise Away(str(error)) from error
        except OwnerRefused as error:
            reason = error.detail or text("link.refused", order.locale)
            return [], [ui.TextDisplay(links.refused_line(reason))]
        return links.openers(button.label, url)


def _superseded(order: Order) -> Shown:
    return Shown(Delivery(order.command.delivery_id, Outcome.SUPERSEDED))


def _serial(command: Deliver) -> str:
    """Deliveries with the same word here are made one after the other."""
    target = command.target
    place = target.channel_id or target.discord_user_id or str(target.command_id)
    return f"{target.kind}:{place}:{command.card_key}"


def _place(order: Order) -> Place:
    target: Target = order.command.target
    if target.kind == "channel" and target.channel_id:
        return Place("channel", target.channel_id)
    return Place("direct", target.discord_user_id or order.reader)
