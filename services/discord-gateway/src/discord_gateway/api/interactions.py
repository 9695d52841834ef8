"""Answers interactions: at once, then with what came of them; commands are taken in on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import aiohttp
import discord
import structlog
from chassis.cause import Cause
from chassis.storage.database import LOST, Database, Transaction
from contracts_schema.commands.discord import Card
from contracts_schema.ids import derive_uuid
from contracts_schema.message import Command, DiscordActor
from prometheus_client import Counter

from discord_gateway.adapters.discord.cards import AnyButton, Buttons, render
from discord_gateway.adapters.owners import NOT_REGISTERED, OwnerAway, OwnerRefused, Owners
from discord_gateway.api.cards import refusal, words
from discord_gateway.domain.custom_id import CustomIds, Intent
from discord_gateway.domain.interaction import Pending
from discord_gateway.handlers.interaction import take_in
from discord_gateway.ports import Interaction

ANSWER_WITHIN_S = 3.0
TAKE_WITHIN_S = 2.0
TRIES = 2
ALREADY_ACKNOWLEDGED = 40060
UNREACHABLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
"""How it shows that Discord cannot be reached, or refuses."""
_DATABASE_DOWN = (*LOST, TimeoutError)

TAKEN = Counter("holdfast_interactions", "Interactions by what became of them", ["outcome"])
log = structlog.get_logger(__name__)


class Ack(StrEnum):
    """How the first answer went."""

    IN_TIME = "in_time"
    REPEATED = "repeated"
    LATE = "late"


class Step(Protocol):
    """What a verb does when its button is pressed."""

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Do it, or ask for what it needs first."""


@dataclass(frozen=True, slots=True)
class InteractionContext:
    """What every command, button and form works with."""

    database: Database
    owners: Owners
    custom_ids: CustomIds
    buttons: Buttons
    verbs: Mapping[str, Step]


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


async def open_modal(interaction: Interaction, modal: discord.ui.Modal) -> None:
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


async def fill(interaction: Interaction, card: Card, *buttons: AnyButton) -> None:
    """Fill the answer that was deferred."""
    await fill_with(interaction, view=render(card, buttons, locale_of(interaction)))


async def fill_with(interaction: Interaction, **message: Any) -> None:
    """Fill the deferred answer; one that Discord does not take is lost, and logged."""
    try:
        await interaction.edit_original_response(
            **message, allowed_mentions=discord.AllowedMentions.none()
        )
    except UNREACHABLE as error:
        log.warning("interaction.not_filled", error=f"{type(error).__name__}: {error}"[:200])


async def take(
    context: InteractionContext, interaction: Interaction, command: Command, ack: Ack
) -> None:
    """Promise to send the command, once however often the interaction comes.

    A commit whose reply was lost is not guessed at: the same rows are offered again, and the
    database absorbs what it has.
    """
    pending = _pending(context, interaction, command, ack)
    actor = actor_of(interaction)

    async def work(tx: Transaction) -> bool:
        return await take_in(tx, actor, command, pending)

    cause = Cause(str(pending.command_id), "", f"discord:{pending.discord_user_id}")
    for _ in range(TRIES):
        try:
            async with asyncio.timeout(TAKE_WITHIN_S):
                taken = await context.database.run(work, cause)
            TAKEN.labels("taken" if taken else "repeated").inc()
            return
        except _DATABASE_DOWN as error:
            log.error("interaction.database_down", error=f"{type(error).__name__}: {error}"[:200])
    TAKEN.labels("refused").inc()
    if ack is Ack.IN_TIME:
        await fill(interaction, words("not_taken", locale_of(interaction)))


async def refused(interaction: Interaction, error: OwnerAway | OwnerRefused) -> None:
    """Say why a read could not be answered, and what to do."""
    locale = locale_of(interaction)
    if isinstance(error, OwnerAway):
        log.warning("owner.away", error=str(error))
        await fill(interaction, words("owner_away", locale))
    elif error.code == NOT_REGISTERED:
        await fill(interaction, words("not_registered", locale))
    else:
        await fill(interaction, refusal(error.detail, error.next_action, locale))


def locale_of(interaction: Interaction) -> str:
    """The person's language, as Discord told it."""
    return str(interaction.locale.value)


def actor_of(interaction: Interaction) -> DiscordActor:
    """Who acts, where, and in which language."""
    return DiscordActor(
        discord_user_id=str(interaction.user.id),
        guild_id=str(interaction.guild_id) if interaction.guild_id else None,
        channel_id=str(interaction.channel_id) if interaction.channel_id else None,
        locale=locale_of(interaction),
    )


def _pending(
    context: InteractionContext, interaction: Interaction, command: Command, ack: Ack
) -> Pending:
    return Pending(
        command_id=derive_uuid("interaction", str(interaction.id)),
        interaction_id=str(interaction.id),
        application_id=str(interaction.application_id),
        token=interaction.token,
        discord_user_id=str(interaction.user.id),
        locale=locale_of(interaction),
        topic=command.topic,
        acknowledged=ack is not Ack.LATE,
        created_at=context.database.clock.now(),
    )
