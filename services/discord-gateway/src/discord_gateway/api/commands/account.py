"""Joining, linking, help."""

from __future__ import annotations

from contracts_schema.commands import identity
from contracts_schema.commands.discord import ButtonStyle
from discord import app_commands
from pydantic import ValidationError

from discord_gateway.adapters.discord.cards import openers
from discord_gateway.adapters.owners import OwnerAway, OwnerRefused
from discord_gateway.api import interactions
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import Ack, InteractionContext, locale_of
from discord_gateway.api.schemas import TermsRead
from discord_gateway.ports import Interaction, SlashCommand
from discord_gateway.texts import text


def build(context: InteractionContext) -> list[SlashCommand]:
    """The commands about one's own account."""

    @app_commands.command(name="signup", description=text("command.signup"))
    async def signup(interaction: Interaction) -> None:
        if await interactions.acknowledge(interaction) is Ack.IN_TIME:
            await _ask_for_consent(context, interaction)

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


async def _ask_for_consent(context: InteractionContext, interaction: Interaction) -> None:
    """Show the terms in force, as identity has them, and let them be agreed to."""
    locale = locale_of(interaction)
    try:
        terms = TermsRead.model_validate(await context.owners.public("identity", "/v1/terms"))
    except (OwnerAway, OwnerRefused) as error:
        await interactions.refused(interaction, error)
        return
    except ValidationError as error:
        await interactions.refused(interaction, OwnerAway(f"identity: {error}"))
        return
    agree = context.buttons.press(
        text("consent.agree", locale), "consent", terms.version, ButtonStyle.PRIMARY
    )
    read, _ = openers(text("consent.read", locale), terms.url)
    card = words("consent", locale, version=terms.version)
    await interactions.fill(interaction, card, agree, *read)
