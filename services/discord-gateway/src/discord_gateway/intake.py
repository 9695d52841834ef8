"""From an interaction to a command: answered at once, then taken in by one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import aiohttp
import discord
import structlog
from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.storage.database import LOST, Database, Transaction
from contracts_schema.commands.discord import Card
from contracts_schema.ids import derive_uuid
from contracts_schema.message import Command, DiscordActor
from prometheus_client import Counter

from discord_gateway import store
from discord_gateway.cards import AnyButton, Buttons, render
from discord_gateway.catalogue import text
from discord_gateway.clients import NOT_REGISTERED, OwnerAway, OwnerRefused, Owners
from discord_gateway.custom_ids import CustomIds

Interaction = discord.Interaction[Any]

ANSWER_WITHIN_S = 3.0
TAKE_WITHIN_S = 2.0
TRIES = 2
ALREADY_ACKNOWLEDGED = 40060
UNREACHABLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
"""What Discord being away, or refusing, shows itself as."""
_DATABASE_DOWN = (*LOST, TimeoutError)

TAKEN = Counter("holdfast_interactions", "Interactions by what became of them", ["outcome"])
log = structlog.get_logger(__name__)


class Ack(StrEnum):
    """How the first answer went."""

    IN_TIME = "in_time"
    REPEATED = "repeated"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every command and button works with."""

    database: Database
    owners: Owners
    custom_ids: CustomIds
    buttons: Buttons
    terms_version: str


async def acknowledge(interaction: Interaction) -> Ack:
    """Tell Discord that we are at it: the first await of every interaction that opens no form."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.HTTPException as error:
        repeated = error.code == ALREADY_ACKNOWLEDGED
        log.warning("interaction.not_acknowledged", code=error.code, status=error.status)
        return Ack.REPEATED if repeated else Ack.LATE
    except UNREACHABLE as error:
        log.warning("interaction.not_acknowledged", error=type(error).__name__)
        return Ack.LATE
    return Ack.IN_TIME


async def open_form(interaction: Interaction, modal: discord.ui.Modal) -> None:
    """Open the form as the first answer; one that comes too late changes nothing."""
    modal.stop()
    await _first(interaction.response.send_modal(modal))


async def reply(interaction: Interaction, card: Card, *buttons: AnyButton) -> None:
    """Show a card made of what is known here, at once, to this person only."""
    view = render(card, buttons, locale_of(interaction))
    await _first(interaction.response.send_message(view=view, ephemeral=True))


async def _first(answer: Any) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await answer
    except UNREACHABLE as error:
        log.warning("interaction.not_answered", error=f"{type(error).__name__}: {error}"[:200])


async def tell(interaction: Interaction, card: Card, *buttons: AnyButton) -> None:
    """Fill the answer that was deferred."""
    view = render(card, buttons, locale_of(interaction))
    await show(interaction, view=view)


async def show(interaction: Interaction, **message: Any) -> None:
    """Fill the deferred answer; one that Discord does not take is lost, and logged."""
    try:
        await interaction.edit_original_response(
            **message, allowed_mentions=discord.AllowedMentions.none()
        )
    except UNREACHABLE as error:
        log.warning("interaction.not_told", error=f"{type(error).__name__}: {error}"[:200])


async def take(desk: Desk, interaction: Interaction, command: Command, ack: Ack) -> None:
    """Promise to send the command, once however often the interaction comes.

    A commit whose reply was lost is not guessed at: the same rows are offered again, and the
    database absorbs what it has.
    """
    pending = _pending(desk, interaction, command, ack)

    async def take_in(transaction: Transaction) -> bool:
        if not await store.take_in(transaction, pending):
            return False
        transaction.stage_command(command, _actor(interaction), pending.command_id)
        failpoint("intake.before_commit")
        return True

    cause = Cause(str(pending.command_id), "", f"discord:{pending.discord_user_id}")
    for _ in range(TRIES):
        try:
            async with asyncio.timeout(TAKE_WITHIN_S):
                taken = await desk.database.run(take_in, cause)
            TAKEN.labels("taken" if taken else "repeated").inc()
            return
        except _DATABASE_DOWN as error:
            log.error("interaction.database_down", error=f"{type(error).__name__}: {error}"[:200])
    TAKEN.labels("refused").inc()
    if ack is Ack.IN_TIME:
        await tell(interaction, words("not_taken", locale_of(interaction)))


async def refused(interaction: Interaction, error: OwnerAway | OwnerRefused) -> None:
    """Say why a read could not be answered, and what to do."""
    locale = locale_of(interaction)
    if isinstance(error, OwnerAway):
        log.warning("owner.away", error=str(error))
        await tell(interaction, words("owner_away", locale))
    elif error.code == NOT_REGISTERED:
        await tell(interaction, words("not_registered", locale))
    else:
        await tell(interaction, refusal(error.detail, error.next_action, locale))


def refusal(detail: str, next_action: str, locale: str) -> Card:
    """A card that names the cause and the next step."""
    body = "\n".join(part for part in (detail, next_action) if part)
    return Card(
        title=text("refused.title", locale),
        body=(body or text("refused.body", locale))[:3000],
    )


def words(key: str, locale: str, **values: object) -> Card:
    """A card of catalogue words alone: ``<key>.title`` and ``<key>.body``."""
    return Card(
        title=text(f"{key}.title", locale, **values)[:256],
        body=text(f"{key}.body", locale, **values)[:3000],
    )


def locale_of(interaction: Interaction) -> str:
    """The person's language, as Discord told it."""
    return str(interaction.locale.value)


def command_id_of(interaction: Interaction) -> UUID:
    """The one command id of this interaction."""
    return derive_uuid("interaction", str(interaction.id))


def _actor(interaction: Interaction) -> DiscordActor:
    return DiscordActor(
        discord_user_id=str(interaction.user.id),
        guild_id=str(interaction.guild_id) if interaction.guild_id else None,
        channel_id=str(interaction.channel_id) if interaction.channel_id else None,
        locale=locale_of(interaction),
    )


def _pending(desk: Desk, interaction: Interaction, command: Command, ack: Ack) -> store.Pending:
    return store.Pending(
        command_id=command_id_of(interaction),
        interaction_id=str(interaction.id),
        application_id=str(interaction.application_id),
        token=interaction.token,
        discord_user_id=str(interaction.user.id),
        locale=locale_of(interaction),
        topic=command.topic,
        acknowledged=ack is not Ack.LATE,
        created_at=desk.database.clock.now(),
    )
