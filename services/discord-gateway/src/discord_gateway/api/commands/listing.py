"""Listings."""

from __future__ import annotations

from contracts_schema import goods
from discord import app_commands

from discord_gateway.api import interactions
from discord_gateway.api.cards import refusal
from discord_gateway.api.commands.options import (
    GAMES,
    LISTINGS,
    OWN_LISTINGS,
    Choices,
    press_on,
    suggest,
)
from discord_gateway.api.components import press
from discord_gateway.api.interactions import InteractionContext, locale_of
from discord_gateway.domain.custom_id import Intent
from discord_gateway.ports import Interaction
from discord_gateway.texts import text

_VISIBILITY = [
    app_commands.Choice(name=text("visibility.public"), value="list_public"),
    app_commands.Choice(name=text("visibility.private"), value="list_private"),
]


class ListingCommands(app_commands.Group):
    """``/listing``."""

    def __init__(self, context: InteractionContext) -> None:
        """Work with these."""
        super().__init__(name="listing", description=text("command.listing"))
        self.context = context

    @app_commands.command(name="create", description=text("command.listing_create"))
    @app_commands.describe(game=text("option.game"), visibility=text("option.visibility"))
    @app_commands.choices(visibility=_VISIBILITY)
    async def create(
        self, interaction: Interaction, game: str, visibility: str = "list_public"
    ) -> None:
        """Open the form for a listing of this game."""
        try:
            asset = goods.reference(*goods.read_reference(game.strip()))
            self.context.custom_ids.write(visibility, asset)
        except ValueError:
            locale = locale_of(interaction)
            card = refusal(text("wrong.game", locale), text("wrong.game_next", locale), locale)
            await interactions.reply(interaction, card)
            return
        await press(self.context, interaction, Intent(visibility, asset))

    @create.autocomplete("game")
    async def _games(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.context, interaction, GAMES, typed)

    @app_commands.command(name="view", description=text("command.listing_view"))
    @app_commands.describe(id=text("option.listing"))
    async def view(self, interaction: Interaction, id: str) -> None:
        """Show one listing."""
        await press_on(self.context, interaction, "show", ("lst", id))

    @app_commands.command(name="withdraw", description=text("command.listing_withdraw"))
    @app_commands.describe(id=text("option.listing"))
    async def withdraw(self, interaction: Interaction, id: str) -> None:
        """Take one's listing down."""
        await press_on(self.context, interaction, "withdraw_listing", ("lst", id))

    @view.autocomplete("id")
    async def _listings(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.context, interaction, LISTINGS, typed)

    @withdraw.autocomplete("id")
    async def _own_listings(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.context, interaction, OWN_LISTINGS, typed)
