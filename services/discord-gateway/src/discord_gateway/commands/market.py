"""Listings and offers."""

from __future__ import annotations

from discord import app_commands

from discord_gateway import intake, presses, views
from discord_gateway.catalogue import text
from discord_gateway.commands.options import GAMES, LISTINGS, OWN_LISTINGS, Choices, named, suggest
from discord_gateway.intake import Desk, Interaction, locale_of

MOST_DIGITS = 20
_VISIBILITY = [
    app_commands.Choice(name=text("visibility.public"), value="list_public"),
    app_commands.Choice(name=text("visibility.private"), value="list_private"),
]


class ListingCommands(app_commands.Group):
    """``/listing``."""

    def __init__(self, desk: Desk) -> None:
        """Work at this desk."""
        super().__init__(name="listing", description=text("command.listing"))
        self.desk = desk

    @app_commands.command(name="create", description=text("command.listing_create"))
    @app_commands.describe(game=text("option.game"), visibility=text("option.visibility"))
    @app_commands.choices(visibility=_VISIBILITY)
    async def create(
        self, interaction: Interaction, game: str, visibility: str = "list_public"
    ) -> None:
        """Open the form for a listing of this game."""
        asset_id = game.strip()
        if asset_id.isascii() and asset_id.isdigit() and len(asset_id) <= MOST_DIGITS:
            await presses.open_form(self.desk, interaction, visibility, asset_id)
            return
        locale = locale_of(interaction)
        card = intake.refusal(text("wrong.game", locale), text("wrong.game_next", locale), locale)
        await intake.reply(interaction, card)

    @create.autocomplete("game")
    async def _games(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.desk, interaction, GAMES, typed)

    @app_commands.command(name="view", description=text("command.listing_view"))
    @app_commands.describe(id=text("option.listing"))
    async def view(self, interaction: Interaction, id: str) -> None:
        """Show one listing."""
        if listing_id := await named(interaction, "lst", id):
            await views.show(self.desk, interaction, listing_id)

    @app_commands.command(name="withdraw", description=text("command.listing_withdraw"))
    @app_commands.describe(id=text("option.listing"))
    async def withdraw(self, interaction: Interaction, id: str) -> None:
        """Take one's listing down."""
        if listing_id := await named(interaction, "lst", id):
            await presses.wish(self.desk, interaction, "withdraw_listing", listing_id)

    @view.autocomplete("id")
    async def _listings(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.desk, interaction, LISTINGS, typed)

    @withdraw.autocomplete("id")
    async def _own_listings(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest(self.desk, interaction, OWN_LISTINGS, typed)


class OfferCommands(app_commands.Group):
    """``/offer``."""

    def __init__(self, desk: Desk) -> None:
        """Work at this desk."""
        super().__init__(name="offer", description=text("command.offer"))
        self.desk = desk

    @app_commands.command(name="list", description=text("command.offer_list"))
    async def list_(self, interaction: Interaction) -> None:
        """Show one's offers."""
        await views.offers(self.desk, interaction)
