"""Tells each reader of an event what it means for them, and sends the card on its way."""

from __future__ import annotations

from uuid import UUID

from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Transaction
from contracts_schema.commands.discord import Deliver, Target
from contracts_schema.ids import derive_id, derive_uuid
from contracts_schema.message import DiscordActor, Event

from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier.domain.notice import Notice, Reader
from notifier.domain.notification import Notification
from notifier.domain.person import Person
from notifier.handlers.card import render
from notifier.store import notification, person

CHANNEL_LOCALE = "en"


async def notify(tx: Transaction, event: Event) -> None:
    """Tell each reader what the table says of this event."""
    await send(tx, NOTICES_BY_EVENT[type(event)](event))


async def send(tx: Transaction, notices: list[Notice]) -> None:
    """Send each notice to its reader, in the reader's language, once per event and reader.

    Raises TooEarly when a reader is not known yet: their registration is on its way.
    """
    known = await person.find(tx, [n.user_id for n in notices if n.user_id])
    kept = []
    for position, notice in enumerate(notices):
        if notice.reader is Reader.CHANNEL:
            _stage(tx, notice, Person("", "0", CHANNEL_LOCALE), (_channel(notice), str(position)))
            continue
        reader = known.get(notice.user_id)
        if reader is None:
            raise TooEarly(f"the user {notice.user_id} is not known here yet")
        if notice.reader is Reader.PERSON:
            kept.append(_notification(tx, notice, reader))
        if (target := _target(tx, notice, reader)) is not None:
            _stage(tx, notice, reader, (target, str(position)))
    await notification.add(tx, kept)


async def answer(tx: Transaction, notice: Notice, discord_id: str, command_id: UUID) -> None:
    """Answer a command of somebody who may not be registered at all."""
    known = await person.find_at_discord(tx, discord_id)
    reader = known or Person("", discord_id, CHANNEL_LOCALE)
    target = Target(kind="answer", command_id=command_id, discord_user_id=discord_id)
    _stage(tx, notice, reader, (target, "answer"))


def revision(tx: Transaction) -> int:
    """When the event was told, in milliseconds: the first 48 bits of its id, a UUIDv7."""
    return UUID(tx.cause.causation_id).int >> 80


def _channel(notice: Notice) -> Target:
    return Target(kind="channel", channel_id=notice.channel_id, guild_id=notice.guild_id or None)


def _target(tx: Transaction, notice: Notice, reader: Person) -> Target | None:
    """Where the reader is shown it, if anywhere."""
    if notice.reader is Reader.PERSON:
        if not reader.direct_messages:
            return None
        return Target(kind="direct", discord_user_id=reader.discord_id)
    if not tx.cause.trigger_id:
        return None  # Done over REST: the response was the answer.
    command_id = UUID(tx.cause.trigger_id)
    return Target(kind="answer", command_id=command_id, discord_user_id=reader.discord_id)


def _stage(tx: Transaction, notice: Notice, reader: Person, where: tuple[Target, str]) -> None:
    target, place = where
    seed = (tx.cause.causation_id, place, reader.discord_id)
    deliver = Deliver(
        delivery_id=derive_id("dlv", *seed),
        target=target,
        card=render(notice, reader.locale),
        card_key=notice.card_key if target.kind != "answer" else "",
        revision=revision(tx),
    )
    actor = DiscordActor(
        discord_user_id=reader.discord_id, guild_id=target.guild_id, locale=reader.locale
    )
    tx.stage_command(deliver, actor, derive_uuid("deliver", *seed))


def _notification(tx: Transaction, notice: Notice, reader: Person) -> Notification:
    card = render(notice, reader.locale)
    body = "\n".join(part for part in (card.body, card.turn) if part)
    seed = (tx.cause.causation_id, notice.key, reader.user_id)
    notification_id = derive_id("ntf", *seed)
    return Notification(notification_id, reader.user_id, notice.key, card.title, body, tx.now())
