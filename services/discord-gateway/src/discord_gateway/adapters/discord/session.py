"""The one session with Discord: discord.py as it is, pointed where the settings say."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from chassis.settings import Role
from chassis.storage.leases import Lease
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route

from discord_gateway.ports import Interaction, Interactions
from discord_gateway.settings import REAL_API, REAL_GATEWAY, Settings

RETRY_FIRST_S, RETRY_MOST_S = 1.0, 30.0
LOGIN_REFUSED_WAIT_S = 600.0
"""Discord blocks an address after many refused requests: a wrong token is not hurried."""
LONGEST_RATE_LIMIT_S = 30.0
GUILDS_COME_WITHIN_S = 0.1
"""Nothing here waits for guilds: an interaction brings what it needs."""
NOT_YET: str | None = "not connected yet"

log = structlog.get_logger(__name__)


class Bot(discord.Client):
    """The client: no privileged intent, no cache of members or messages, no mention ever."""

    def __init__(self, interactions: Interactions, session: Session) -> None:
        """Hand interactions on to these, and tell the session when the connection comes."""
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_S,
            guild_ready_timeout=GUILDS_COME_WITHIN_S,
            enable_debug_events=False,
            http_trace=session.trace,
        )
        self.interactions, self._session = interactions, session
        self._offered = False
        self.tree = Tree(
            self,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        for command in interactions.commands():
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        """After the login: listen to every button there is, and offer the commands."""
        self.add_dynamic_items(SignedButton)
        await self.tree.sync()
        self._offered = True

    async def on_interaction(self, interaction: Interaction) -> None:
        """Take in forms that were sent; commands and buttons have found their way already."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.interactions.submitted(interaction)

    async def on_ready(self) -> None:
        """A session is up; a new one may find a Discord that has not our commands."""
        if not self._offered:
            try:
                await self.tree.sync()
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("discord.commands_not_offered", error=str(error)[:300])
                await self.close()  # and all is begun again
                return
        self._offered = False
        self._session.came_up()

    async def on_resumed(self) -> None:
        """The session is up again; what was missed meanwhile Discord has sent."""
        self._session.came_up()

    async def on_disconnect(self) -> None:
        """The session is down; discord.py resumes it by itself."""
        self._session.fault = "the gateway connection is down"

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what no handler expected."""
        log.exception("discord.fault", event_name=event_method)


class SignedButton(ui.DynamicItem[ui.Button[Any]], template=re.compile(r"(?s).+")):
    """Every button there is or ever was: the custom id says what it means, or that it is forged."""

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> SignedButton:
        """Take the button from the message it was pressed on."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"only buttons are sent, not {type(item).__name__}")
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:
        """Do what the button means."""
        await interaction.client.interactions.pressed(interaction)


class Tree(app_commands.CommandTree[Bot]):
    """The slash commands; a fault in one is told kindly and logged."""

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Answer what could not be answered otherwise."""
        log.error("command.fault", error=str(error)[:300], exc_info=error)
        if interaction.type is not discord.InteractionType.autocomplete:
            await interaction.client.interactions.failed(interaction)


class Session:
    """Keeps a bot connected for as long as this process holds the lease."""

    def __init__(self, settings: Settings, lease: Lease) -> None:
        """Nothing connects before ``forever``; nothing is sent that another process is to send."""
        self._lease, self.trace = lease, aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._about_to_send)
        self._token = settings.discord_token.get_secret_value()
        self.bot: Bot | None = None
        self._was_up = False
        self.fault = None if settings.role is Role.API else NOT_YET
        _point(settings)

    def client(self) -> Bot | None:
        """The bot, once it has logged in."""
        bot = self.bot
        return bot if bot is not None and not bot.is_closed() and bot.user is not None else None

    def came_up(self) -> None:
        """The connection stands."""
        self.fault, self._was_up = None, True

    async def _about_to_send(self, *_: object) -> None:
        await self._lease.require()

    async def forever(self, interactions: Interactions) -> None:
        """Connect, and connect again after whatever ended the session."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                async with Bot(interactions, self) as bot:
                    self.bot = bot
                    await bot.start(self._token)
                log.warning("discord.session_ended")
            except (discord.LoginFailure, discord.PrivilegedIntentsRequired) as error:
                log.critical(
                    "discord.login_refused",
                    error=str(error),
                    next_step="check HOLDFAST_DISCORD_TOKEN",
                )
                wait_s = LOGIN_REFUSED_WAIT_S
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("discord.away", error=f"{type(error).__name__}: {error}"[:300])
            if self._was_up:
                wait_s, self._was_up = RETRY_FIRST_S, False
            self.fault = "the session with Discord has ended and is begun again"
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_MOST_S)


def _point(settings: Settings) -> None:
    """Lead discord.py to where the settings say: two attributes, the rest is as it is shipped."""
    if settings.discord_api_base != REAL_API:
        Route.BASE = settings.discord_api_base
    if settings.discord_gateway_url != REAL_GATEWAY:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
