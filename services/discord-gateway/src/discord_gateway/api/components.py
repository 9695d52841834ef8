"""Buttons and forms: their meaning is read from the signed custom id, by any process, for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from chassis.ops import tracing
from contracts_schema.message import Command
from pydantic import ValidationError

from discord_gateway.api import interactions
from discord_gateway.api.cards import invalid, words
from discord_gateway.api.forms import FormStep
from discord_gateway.api.interactions import InteractionContext, locale_of
from discord_gateway.domain.custom_id import Forged, Intent
from discord_gateway.ports import Interaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CommandStep:
    """Is a command as it is."""

    command: Callable[[str], Command]

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Take the command in."""
        ack = await interactions.acknowledge(interaction)
        try:
            command = self.command(intent.subject)
        except ValidationError as error:
            await interactions.fill(interaction, invalid(error, locale_of(interaction)))
            return
        await interactions.take(context, interaction, command, ack)


async def pressed(context: InteractionContext, interaction: Interaction) -> None:
    """Answer a pressed button; the first await is the defer, the form, or a local refusal."""
    intent = _read(context, interaction)
    if intent is None:
        await interactions.reply(interaction, words("forged", locale_of(interaction)))
        return
    with tracing.span(f"discord press {intent.verb}", kind=tracing.SpanKind.SERVER):
        await press(context, interaction, intent)


async def press(context: InteractionContext, interaction: Interaction, intent: Intent) -> None:
    """Do what the registry says of the verb."""
    step = context.verbs.get(intent.verb)
    if step is None:
        log.error("press.unknown_verb", verb=intent.verb)
        await interactions.reply(interaction, words("unknown_verb", locale_of(interaction)))
        return
    await step.press(context, interaction, intent)


async def submitted(context: InteractionContext, interaction: Interaction) -> None:
    """Turn a form that was sent into its command."""
    intent = _read(context, interaction)
    step = context.verbs.get(intent.verb) if intent is not None else None
    if intent is None or not isinstance(step, FormStep):
        await interactions.reply(interaction, words("forged", locale_of(interaction)))
        return
    with tracing.span(f"discord form {intent.verb}", kind=tracing.SpanKind.SERVER):
        await step.submit(context, interaction, intent)


def _read(context: InteractionContext, interaction: Interaction) -> Intent | None:
    try:
        return context.custom_ids.read(str(dict(interaction.data or {}).get("custom_id", "")))
    except Forged as error:
        log.warning("press.forged", custom_id=str(error), user=str(interaction.user.id))
        return None
