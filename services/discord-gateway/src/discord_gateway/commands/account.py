"""Joining, linking, help."""

from __future__ import annotations

from typing import Any

from contracts_schema.commands import identity
from contracts_schema.commands.discord import ButtonStyle
from discord import app_commands

from discord_gateway import intake
from discord_gateway.catalogue import text
from discord_gateway.intake import Desk, Interaction, locale_of

AnyCommand = app_commands.Command[Any, ..., None]


def build(desk: Desk) -> list[AnyCommand]:
    """The commands about one's own account."""

    @app_commands.command(name="signup", description=text("command.signup"))
    async def signup(interaction: Interaction) -> None:
        locale = locale_of(interaction)
        card = intake.words("consent", locale, version=desk.terms_version)
        label = text("consent.agree", locale)
        agree = desk.buttons.press(label, "consent", desk.terms_version, ButtonStyle.PRIMARY)
        await intake.reply(interaction, card, agree)

    @app_commands.command(name="link", description=text("command.link"))
    async def link(interaction: Interaction) -> None:
        ack = await intake.acknowledge(interaction)
        await intake.take(desk, interaction, identity.CreateLink(), ack)

    @app_commands.command(name="help", description=text("command.help"))
    async def help_(interaction: Interaction) -> None:
        await intake.reply(interaction, intake.words("help", locale_of(interaction)))

    @app_commands.command(name="ping", description=text("command.ping"))
    async def ping(interaction: Interaction) -> None:
        latency_ms = round(min(interaction.client.latency, 60.0) * 1000)
        card = intake.words("ping", locale_of(interaction), latency_ms=latency_ms)
        await intake.reply(interaction, card)

    return [signup, link, help_, ping]
