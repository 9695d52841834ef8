"""Joining, linking, help."""

from __future__ import annotations

from contracts_schema.commands import identity
from contracts_schema.commands.discord import ButtonStyle
from discord import app_commands

from discord_gateway.api import interactions
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import InteractionContext, locale_of
from discord_gateway.ports import Interaction, SlashCommand
from discord_gateway.texts import text


def build(context: InteractionContext) -> list[SlashCommand]:
    """The commands about one's own account."""

    @app_commands.command(name="signup", description=text("command.signup"))
    async def signup(interaction: Interaction) -> None:
        locale = locale_of(interaction)
        card = words("consent", locale, version=context.terms_version)
        label = text("consent.agree", locale)
        agree = context.buttons.press(label, "consent", context.terms_version, ButtonStyle.PRIMARY)
        await interactions.reply(interaction, card, agree)

    @app_commands.command(name="link", description=text("command.link"))
    async def link(interaction: Interaction) -> None:
        ack = await interactions.acknowledge(interaction)
        await interactions.take(context, interaction, identity.CreateLink(), ack)

    @app_commands.command(name="help", description=text("command.help"))
    async def help_(interaction: Interaction) -> None:
        await interactions.reply(interaction, words("help", locale_of(interaction)))

    @app_commands.command(name="ping", description=text("command.ping"))
    async def ping(interaction: Interaction) -> None:
        latency_ms = round(min(interaction.client.latency, 60.0) * 1000)
        card = words("ping", locale_of(interaction), latency_ms=latency_ms)
        await interactions.reply(interaction, card)

    return [signup, link, help_, ping]
