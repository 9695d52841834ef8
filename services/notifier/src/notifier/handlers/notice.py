"""Tells each reader of an event what it means for them, and sends the card on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Transaction
from contracts_schema.commands.discord import Deliver, Placed, Target
from contracts_schema.ids import derive_id, derive_uuid
from contracts_schema.message import DiscordActor, Event

from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier.domain.notice import Notice, Reader
from notifier.domain.notification import Notification
from notifier.domain.person import Person
from notifier.handlers.card import render, summary
from notifier.store import notification, person

CHANNEL_LOCALE = "en"
EVERYBODY = Person("", "0", CHANNEL_LOCALE)
"""Who reads in a channel."""


async def notify(tx: Transaction, event: Event) -> None:
    """Tell each reader what the table says of this event."""
    await send(tx, NOTICES_BY_EVENT[type(event)](event))


async def send(tx: Transaction, notices: list[Notice]) -> None:
    """Send each reader what they are told, in their language: one order for all its places.

    Raises TooEarly when a reader is not known yet: their registration is on its way.
    """
    known = await person.find(tx, {notice.user_id for notice in notices if notice.user_id})
    orders: dict[Person, list[Placed]] = {}
    kept = []
    for notice in notices:
        reader = _reader(notice, known)
        if notice.reader is Reader.PERSON:
            kept.append(_notification(tx, notice, reader))
        if (target := _target(tx, notice, reader)) is not None:
            orders.setdefault(reader, []).append(_placed(notice, reader, target))
    for reader, placed in orders.items():
        _stage(tx, reader, placed)
    await notification.add(tx, kept)


async def answer(tx: Transaction, notice: Notice, discord_id: str, command_id: UUID) -> None:
    """Answer a command of somebody who may not be registered at all."""
    known = await person.find_at_discord(tx, discord_id)
    reader = known or Person("", discord_id, CHANNEL_LOCALE)
    target = Target(kind="answer", command_id=command_id, discord_user_id=discord_id)
    _stage(tx, reader, [_placed(notice, reader, target)])


def revision(tx: Transaction) -> int:
    """When the event was told, in milliseconds: the first 48 bits of its id, a UUIDv7."""
    return UUID(tx.cause.causation_id).int >> 80


def _reader(notice: Notice, known: Mapping[str, Person]) -> Person:
    if notice.reader is Reader.CHANNEL:
        return EVERYBODY
    if (reader := known.get(notice.user_id)) is None:
        raise TooEarly(f"the user {notice.user_id} is not known here yet")
    return reader


def _target(tx: Transaction, notice: Notice, reader: Person) -> Target | None:
    """Where the reader is shown it, if anywhere."""
    match notice.reader:
        case Reader.CHANNEL:
            guild_id = notice.guild_id or None
            return Target(kind="channel", channel_id=notice.channel_id, guild_id=guild_id)
        case Reader.PERSON if reader.direct_messages:
            return Target(kind="direct", discord_user_id=reader.discord_id)
        case Reader.ACTOR if tx.cause.trigger_id:  # else done over REST: its response answered
            command_id = UUID(tx.cause.trigger_id)
            return Target(kind="answer", command_id=command_id, discord_user_id=reader.discord_id)
        case _:
            return None


def _placed(notice: Notice, reader: Person, target: Target) -> Placed:
    card, locale = render(notice, reader.locale), reader.locale
    if target.kind == "answer":
        return Placed(target=target, card=card)
    return Placed(
        target=target, card=card, card_key=notice.card_key, summary=summary(notice, locale)
    )


def _stage(tx: Transaction, reader: Person, placed: Sequence[Placed]) -> None:
    """Order all that one reader is shown of one event."""
    first, *more = placed
    seed = (tx.cause.causation_id, reader.discord_id)
    deliver = Deliver(
        delivery_id=derive_id("dlv", *seed),
        target=first.target,
        card=first.card,
        card_key=first.card_key,
        summary=first.summary,
        revision=revision(tx),
        also=tuple(more),
    )
    guild_id = first.target.guild_id
    actor = DiscordActor(discord_user_id=reader.discord_id, guild_id=guild_id, locale=reader.locale)
    tx.stage_command(deliver, actor, derive_uuid("deliver", *seed))


def _notification(tx: Transaction, notice: Notice, reader: Person) -> Notification:
    card = render(notice, reader.locale)
    body = "\n".join(part for part in (card.body, card.turn) if part)
    seed = (tx.cause.causation_id, notice.key, reader.user_id)
    notification_id = derive_id("ntf", *seed)
    return Notification(notification_id, reader.user_id, notice.key, card.title, body, tx.now())
