"""Turns an event into what each reader is shown, and sends it on its way."""

from __future__ import annotations

from uuid import UUID

from chassis.http.preconditions import require_version
from chassis.messaging.consumers import TooEarly
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.discord import Deliver, Target
from contracts_schema.commands.notifier import SetPreferences
from contracts_schema.ids import derive_id, derive_uuid
from contracts_schema.message import DiscordActor

from notifier import store
from notifier.cards.catalogue import Catalogue
from notifier.cards.notice import Notice, Reader, render
from notifier.store import Notification, Person

CHANNEL_LOCALE = "en"


async def tell(tx: Transaction, catalogue: Catalogue, notices: list[Notice]) -> None:
    """Send each notice to its reader, in the reader's language, once per event and reader.

    Raises TooEarly when a reader is not known yet: their registration is on its way.
    """
    known = await store.people(tx, [n.user_id for n in notices if n.user_id])
    kept = []
    for position, notice in enumerate(notices):
        if notice.reader is Reader.CHANNEL:
            _send(tx, catalogue, notice, position, None)
            continue
        reader = known.get(notice.user_id)
        if reader is None:
            raise TooEarly(f"the user {notice.user_id} is not known here yet")
        if notice.reader is Reader.PERSON:
            kept.append(_notification(tx, catalogue, notice, reader))
        if notice.reader is Reader.ACTOR or reader.direct_messages:
            _send(tx, catalogue, notice, position, reader)
    await store.add_notifications(tx, kept)


async def answer(
    tx: Transaction, catalogue: Catalogue, notice: Notice, discord_id: str, command_id: UUID
) -> None:
    """Answer a command of somebody who may not be registered at all."""
    known = await store.person_at_discord(tx, discord_id)
    reader = known or Person("", discord_id, CHANNEL_LOCALE)
    target = Target(kind="answer", command_id=command_id, discord_user_id=discord_id)
    _stage(tx, catalogue, notice, reader, (target, "answer"))


async def set_preferences(
    tx: Transaction, caller: Principal, command: SetPreferences, seen: int | None = None
) -> dict[str, object]:
    """Write what the person wants to be told; ``seen`` is the version they decided on, if any."""
    caller.require()
    version = await store.set_preferences(tx, caller.user_id, command.direct_messages)
    require_version(seen, version - 1)  # after the write, which holds the row; refusing undoes it
    tx.audit("preferences.set", caller.user_id, direct_messages=command.direct_messages)
    return {"direct_messages": command.direct_messages, "version": version}


def _send(
    tx: Transaction, catalogue: Catalogue, notice: Notice, position: int, reader: Person | None
) -> None:
    if reader is None:
        target = Target(
            kind="channel", channel_id=notice.channel_id, guild_id=notice.guild_id or None
        )
        _stage(tx, catalogue, notice, Person("", "0", CHANNEL_LOCALE), (target, str(position)))
        return
    if notice.reader is Reader.ACTOR:
        if not tx.cause.trigger_id:
            return  # Done over REST: the response was the answer.
        command_id = UUID(tx.cause.trigger_id)
        target = Target(kind="answer", command_id=command_id, discord_user_id=reader.discord_id)
    else:
        target = Target(kind="direct", discord_user_id=reader.discord_id)
    _stage(tx, catalogue, notice, reader, (target, str(position)))


def _stage(
    tx: Transaction,
    catalogue: Catalogue,
    notice: Notice,
    reader: Person,
    where: tuple[Target, str],
) -> None:
    target, place = where
    seed = (tx.cause.causation_id, place, reader.discord_id)
    deliver = Deliver(
        delivery_id=derive_id("dlv", *seed),
        target=target,
        card=render(catalogue, reader.locale, notice),
        card_key=notice.card_key if target.kind != "answer" else "",
        revision=revision(tx),
    )
    actor = DiscordActor(
        discord_user_id=reader.discord_id, guild_id=target.guild_id, locale=reader.locale
    )
    tx.stage_command(deliver, actor, derive_uuid("deliver", *seed))


def revision(tx: Transaction) -> int:
    """When the event was told, in milliseconds: the first 48 bits of its id, a UUIDv7."""
    return UUID(tx.cause.causation_id).int >> 80


def _notification(
    tx: Transaction, catalogue: Catalogue, notice: Notice, reader: Person
) -> Notification:
    card = render(catalogue, reader.locale, notice)
    body = "\n".join(part for part in (card.body, card.turn) if part)
    seed = (tx.cause.causation_id, notice.key, reader.user_id)
    return Notification(derive_id("ntf", *seed), reader.user_id, notice.key, card.title, body)
