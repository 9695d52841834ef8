"""A running sandbox, a tiny unmodified discord.py bot before it, and a driver of people."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import discord
import httpx
import yarl
from aiohttp import web
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord_contract import Contract
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import parse

TOKEN, APPLICATION, SECRET = "a-bot-token", "1200000000000000001", "a-client-secret"
REDIRECT = "http://127.0.0.1:9/callback"


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

    amount = discord.ui.TextInput(label="Amount", min_length=2, max_length=9)
    note = discord.ui.Label(
        text="Note", component=discord.ui.TextInput(custom_id="note", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        note = self.note.component.value
        await interaction.followup.send(f"offered {self.amount.value} {note}".strip())
        await interaction.user.send(f"your offer: {self.amount.value}")


class Card(discord.ui.LayoutView):
    """A components V2 card."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        button = discord.ui.Button(label="Pay", custom_id="v1:pay:1")
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
        self.tree = app_commands.CommandTree(self)
        self.seen: list[int] = []
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
        self.seen.append(interaction.id)

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_resumed(self) -> None:
        self.resumed += 1


def add_commands(bot: TinyBot) -> None:
    """Register the commands."""
    tree = bot.tree
    listing = app_commands.Group(name="listing", description="Listings")

    @listing.command(name="create", description="Make a listing")
    @app_commands.describe(title="What", price="How much", kind="Kind")
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

    @tree.command(name="slow", description="Takes its time")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await bot.hold.wait()
        await interaction.edit_original_response(content="done at last")

    @tree.command(name="late", description="Forgets to defer")
    async def late(interaction: discord.Interaction) -> None:
        await bot.hold.wait()
        await interaction.response.send_message("too late")

    @tree.command(name="card", description="A V2 card")
    async def card(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Card())

    @tree.command(name="twice", description="Answers twice")
    async def twice(interaction: discord.Interaction) -> None:
        other = await bot.http.request(
            Route("POST", f"/interactions/{interaction.id}/{interaction.token}/callback"),
            json={"type": 5},
        )
        assert other is None or isinstance(other, str)
        await interaction.response.send_message("again")

    @tree.command(name="pick", description="Completes")
    async def pick(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"picked {name}", ephemeral=True)

    @pick.autocomplete("name")
    async def names(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n, value=n) for n in ("alpha", "beta") if current in n]

    @tree.context_menu(name="Add as evidence")
    async def evidence(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"kept {message.content}", ephemeral=True)

    tree.add_command(listing)


@dataclass
class Stage:
    """Everything a test touches."""

    base: str
    http: httpx.AsyncClient
    clock: Clock
    contract: Contract
    guild: str = ""
    general: str = ""
    bots: list[tuple[TinyBot, asyncio.Task[None]]] = field(default_factory=list)

    async def act(self, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
        """POST to the control API, expecting a status."""
        response = await self.http.post(f"/control/discord{path}", json=body)
        assert response.status_code == status, response.text
        return dict(response.json())

    async def get(self, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
        """GET from the control API."""
        response = await self.http.get(f"/control/discord{path}", params=query)
        assert response.status_code == status, response.text
        return dict(response.json())

    async def outcome(self, interaction_id: str, wait: str = "answered") -> dict[str, Any]:
        """What came of an interaction."""
        return await self.get(f"/interactions/{interaction_id}", wait=wait, timeout=5)

    async def run(self, user: str, command: str, **options: Any) -> dict[str, Any]:
        """Type a command in the guild and wait for the answer."""
        body = {"user": user, "guild": self.guild, "command": command, "options": options}
        started = await self.act("/commands", body)
        return await self.outcome(started["interaction_id"])

    async def rest(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A REST call with the bot's token."""
        headers = {"Authorization": f"Bot {TOKEN}"}
        return await self.http.request(method, f"/discord/api/v10{path}", headers=headers, **kwargs)

    async def bot(self) -> TinyBot:
        """Start a bot and wait until it is ready and synced."""
        Route.BASE = f"{self.base}/discord/api/v10"
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(
            self.base.replace("http", "ws") + "/discord/gateway"
        )
        bot = TinyBot()
        task = asyncio.create_task(bot.start(TOKEN))
        self.bots.append((bot, task))
        async with asyncio.timeout(15):
            ready = asyncio.create_task(bot.wait_until_ready() if bot.loop else wait_ready(bot))
            await asyncio.wait((ready, task), return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if task.done():
                task.result()
        return bot

    async def stop_bots(self) -> None:
        """End every bot."""
        for bot, task in self.bots:
            bot.hold.set()
            await bot.close()
            await asyncio.wait((task,), timeout=5)
        self.bots.clear()


async def wait_ready(bot: TinyBot) -> None:
    """Wait for a bot that has not yet got its loop."""
    while not bot.is_ready():
        await asyncio.sleep(0.01)


async def eventually(check: Any, within_s: float = 5.0) -> None:
    """Wait until the check holds, but not for ever."""
    async with asyncio.timeout(within_s):
        while not check():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Stage]:
    """A sandbox on a free port with a guild of two, ended with everything in it."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    section = {"token": TOKEN, "application_id": APPLICATION, "client_secret": SECRET}
    clock, contract = Clock(), Contract.load()
    app = build_app(parse({"discord": {**section, **settings}}, base), clock)
    app.middlewares.append(contract.middleware)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with httpx.AsyncClient(base_url=base, timeout=20) as http:
        stage = Stage(base, http, clock, contract)
        try:
            await people(stage)
            yield stage
        finally:
            await stage.stop_bots()
            await runner.cleanup()


async def people(stage: Stage) -> None:
    """A guild with ada, bob and the bot; eve is outside."""
    for name, locale in (("ada", "en-US"), ("bob", "de"), ("eve", "fr")):
        await stage.act("/users", {"name": name, "locale": locale})
    channels: list[Any] = ["general", {"name": "market", "kind": "text"}]
    guild = await stage.act("/guilds", {"name": "Deals", "locale": "de", "channels": channels})
    stage.guild = guild["id"]
    stage.general = guild["channels"][0]["id"]
    for name in ("ada", "bob"):
        await stage.act("/members", {"guild": guild["id"], "user": name})
