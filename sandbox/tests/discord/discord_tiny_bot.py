"""A tiny bot on unmodified discord.py, with one command of every kind the tests need."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import discord
from discord import app_commands
from discord.http import Route


class Confirm(discord.ui.View):
    """Two buttons that survive restarts, and a link."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Open web", url="https://example.com/deal"))

    @discord.ui.button(label="Accept", style=discord.ButtonStyle.primary, custom_id="v1:accept:1")
    async def accept(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.edit_message(content="accepted", view=None)

    @discord.ui.button(label="Counter", custom_id="v1:counter:1")
    async def counter(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Price())

    @discord.ui.button(label="Too late", custom_id="v1:late:1", disabled=True)
    async def late(self, interaction: discord.Interaction, _: Any) -> None:
        raise AssertionError("a disabled button was pressed")


class Price(discord.ui.Modal, title="Counter-offer"):
    """A labelled text and a classic one."""

    amount: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Amount", min_length=2, max_length=9
    )
    note: discord.ui.Label[Any] = discord.ui.Label(
        text="Note", component=discord.ui.TextInput(custom_id="note", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        entry = self.note.component
        assert isinstance(entry, discord.ui.TextInput)
        await interaction.followup.send(f"offered {self.amount.value} {entry.value}".strip())
        await interaction.user.send(f"your offer: {self.amount.value}")


class Card(discord.ui.LayoutView):
    """A components V2 card."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        button: discord.ui.Button[Any] = discord.ui.Button(label="Pay", custom_id="v1:pay:1")
        self.add_item(
            discord.ui.Container(
                discord.ui.TextDisplay("## Deal 1"),
                discord.ui.Section("You pay $43.00", accessory=button),
                discord.ui.Separator(),
            )
        )


class TinyBot(discord.Client):
    """A bot with one command of every kind the tests need."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.1,
        )
        self.tree: Tree = app_commands.CommandTree(self)
        self.received: list[discord.Interaction] = []
        self.heard: list[discord.Message] = []
        self.failures: list[BaseException] = []
        self.resumed = 0
        self.hold = asyncio.Event()
        self.tree.on_error = self._note  # type: ignore[method-assign]
        add_commands(self)

    async def _note(self, _: Any, error: Exception) -> None:
        self.failures.append(error.__cause__ or error)

    async def setup_hook(self) -> None:
        self.add_view(Confirm())
        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.received.append(interaction)

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_resumed(self) -> None:
        self.resumed += 1


Tree = app_commands.CommandTree[TinyBot]


def add_commands(bot: TinyBot) -> None:
    """Register the commands."""
    add_listing(bot.tree)
    add_slow(bot)
    add_cards(bot.tree)
    add_lookups(bot.tree)


def add_listing(tree: Tree) -> None:
    """A subcommand with every sort of rule on its options."""
    listing = app_commands.Group(name="listing", description="Listings")

    @listing.command(name="create", description="Make a listing")
    @app_commands.choices(kind=[app_commands.Choice(name="Game", value="game")])
    async def create(
        interaction: discord.Interaction,
        title: app_commands.Range[str, 3, 20],
        price: app_commands.Range[int, 1, 1000],
        kind: str = "game",
        guest: discord.Member | None = None,
    ) -> None:
        embed = discord.Embed(title=title, description=f"${price} {kind}")
        embed.add_field(name="Guest", value=guest.name if guest else "nobody")
        await interaction.response.send_message(embed=embed, view=Confirm())

    tree.add_command(listing)


def add_slow(bot: TinyBot) -> None:
    """Commands that wait for the test before they answer."""

    @bot.tree.command(name="slow", description="Takes its time")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await bot.hold.wait()
        await interaction.edit_original_response(content="done at last")

    @bot.tree.command(name="late", description="Forgets to defer")
    async def late(interaction: discord.Interaction) -> None:
        await bot.hold.wait()
        await interaction.response.send_message("too late")


def add_cards(tree: Tree) -> None:
    """A V2 card, and an answer given twice."""

    @tree.command(name="card", description="A V2 card")
    async def card(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Card())

    @tree.command(name="twice", description="Answers twice")
    async def twice(interaction: discord.Interaction) -> None:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await interaction.client.http.request(Route("POST", path), json={"type": 5})
        await interaction.response.send_message("again")

    @tree.command(name="paper", description="Sends a file")
    async def paper(interaction: discord.Interaction) -> None:
        file = discord.File(io.BytesIO(b"%PDF-1.7"), "contract.pdf")
        await interaction.response.send_message("here", file=file, ephemeral=True)


def add_lookups(tree: Tree) -> None:
    """Autocomplete and a context menu."""

    @tree.command(name="pick", description="Completes")
    async def pick(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"picked {name}", ephemeral=True)

    @pick.autocomplete("name")
    async def names(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n, value=n) for n in ("alpha", "beta") if current in n]

    @tree.context_menu(name="Add as evidence")
    async def evidence(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"kept {message.content}", ephemeral=True)
