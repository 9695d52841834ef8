"""Forms as Discord shows them, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui
from pydantic import ValidationError

from discord_gateway.api import interactions
from discord_gateway.api.cards import invalid, refusal
from discord_gateway.api.interactions import Ack, InteractionContext, locale_of
from discord_gateway.domain.custom_id import Intent
from discord_gateway.domain.errors import WrongEntry
from discord_gateway.domain.form import Form
from discord_gateway.ports import Interaction
from discord_gateway.texts import text


@dataclass(frozen=True, slots=True)
class FormStep:
    """Opens a form; what is entered becomes the command."""

    form: Form

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Open the form; the same verb comes back with its answers."""
        custom_id = context.custom_ids.write(intent.verb, intent.subject)
        await interactions.open_modal(
            interaction, modal(self.form, custom_id, locale_of(interaction))
        )

    async def submit(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Take in the command, or say which field cannot be read."""
        ack = await interactions.acknowledge(interaction)
        typed = entered(dict(interaction.data or {}))
        values = {entry.name: "" for entry in self.form.entries} | typed
        locale = locale_of(interaction)
        try:
            command = self.form.build(intent.subject, values)
        except WrongEntry as error:
            card = refusal(text(str(error), locale), text("wrong.next", locale), locale)
        except ValidationError as error:
            card = invalid(error, locale)
        else:
            await interactions.take(context, interaction, command, ack)
            return
        if ack is Ack.IN_TIME:
            label = text("button.again", locale)
            again = context.buttons.press(label, intent.verb, intent.subject)
            await interactions.fill(interaction, card, again)


def modal(form: Form, custom_id: str, locale: str) -> ui.Modal:
    """The form as Discord shows it."""
    shown = ui.Modal(
        title=text(f"form.{form.name}.title", locale), custom_id=custom_id, timeout=None
    )
    for entry in form.entries:
        style = discord.TextStyle.long if entry.long else discord.TextStyle.short
        field: ui.TextInput[Any] = ui.TextInput(
            custom_id=entry.name,
            style=style,
            required=entry.required,
            max_length=entry.most,
            placeholder=text(f"field.{entry.name}.hint", locale) or None,
            default=entry.default or None,
        )
        shown.add_item(ui.Label(text=text(f"field.{entry.name}.label", locale), component=field))
    return shown


def entered(data: Mapping[str, Any]) -> dict[str, str]:
    """What the person typed, by field, out of a submitted form."""
    found: dict[str, str] = {}
    for part in data.get("components", ()):
        fields = [part["component"]] if "component" in part else part.get("components", ())
        for field in fields:
            found[str(field.get("custom_id"))] = str(field.get("value") or "").strip()
    return found
