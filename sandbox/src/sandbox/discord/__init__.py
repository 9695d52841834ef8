"""Discord, played on the wire: REST v10, gateway, OAuth2, and the people before their clients."""

from functools import partial

from aiohttp import web

from sandbox.clock import Clock
from sandbox.config import BadConfig, Config
from sandbox.discord import attachments, payloads
from sandbox.discord.connection import Connection, Hello
from sandbox.discord.control import Control, Stage
from sandbox.discord.errors import Json
from sandbox.discord.founding import Founding
from sandbox.discord.gateway import Gateway
from sandbox.discord.grants import Grants
from sandbox.discord.interactions import Interactions
from sandbox.discord.members import MembersRest, chunks
from sandbox.discord.messages import Messages
from sandbox.discord.oauth import OAuth
from sandbox.discord.people import People
from sandbox.discord.pins import PinRest
from sandbox.discord.rate_limits import RateLimits
from sandbox.discord.reactions import ReactionRest, Reactions
from sandbox.discord.rest import Edge
from sandbox.discord.rest_channels import ChannelRest
from sandbox.discord.rest_commands import CommandRest
from sandbox.discord.rest_guilds import GuildRest
from sandbox.discord.rest_interactions import InteractionRest
from sandbox.discord.rest_members import MemberRest
from sandbox.discord.rest_roles import RoleRest
from sandbox.discord.rest_users import UserRest
from sandbox.discord.state import World
from sandbox.discord.stats import Stats
from sandbox.discord.webhooks import WebhookRest
from sandbox.faults import Faults
from sandbox.keeping import Keeper

DEFAULT_APPLICATION = "1100000000000000000"
DEFAULT_TOKEN = "sandbox-discord-token"  # noqa: S105 - the stand-in's own, worth nothing outside
DEFAULT_SECRET = "sandbox-discord-secret"  # noqa: S105
GLOBAL_PER_S = 50
HEARTBEAT_MS = 41_250


class Discord:
    """The whole stand-in, composed."""

    def __init__(self, config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> None:
        section = config.discord.allow_only(
            "token", "application_id", "client_secret", "redirect_uris", "bot_name",
            "privileged_intents", "heartbeat_ms", "requests_per_s",
        )  # fmt: skip
        application_id = section.text("application_id", DEFAULT_APPLICATION)
        if not application_id.isdigit():
            raise BadConfig("discord.application_id must be a snowflake, digits only")
        token = section.text("token", DEFAULT_TOKEN)
        redirect_uris = section.texts("redirect_uris")
        self.world = World(
            clock, config.base_url, application_id, section.text("bot_name", "Sandbox Bot"), keeper
        )
        self.stats = Stats()
        self.gateway = Gateway(self.stats, faults)
        self._hello = Hello(
            token, section.whole("heartbeat_ms", HEARTBEAT_MS),
            section.whole("privileged_intents", 0), self._introduce,
            partial(chunks, self.world),
        )  # fmt: skip
        grants = Grants(clock, keeper)
        secret = section.text("client_secret", DEFAULT_SECRET)
        self._oauth = OAuth(self.world, grants, secret, redirect_uris)
        limits = RateLimits(section.whole("requests_per_s", GLOBAL_PER_S))
        self._edge = Edge(token, limits, self.stats, self._oauth.bearer)
        self._compose(redirect_uris)

    def _compose(self, redirect_uris: tuple[str, ...]) -> None:
        world, gateway, stats = self.world, self.gateway, self.stats
        messages = Messages(world, gateway)
        interactions = Interactions(world, gateway, stats)
        channels, guilds = ChannelRest(world, messages, gateway), GuildRest(world, gateway)
        reactions, answers = (
            Reactions(world, gateway),
            InteractionRest(world, interactions, messages),
        )
        self._rest = [
            *UserRest(world, redirect_uris).routes(),
            *PinRest(world, messages, gateway).routes(),
            *channels.routes(),
            *ReactionRest(world, reactions).routes(),
            *MembersRest(world, self._hello.privileged_intents).routes(),
            *MemberRest(world, gateway).routes(),
            *RoleRest(world, gateway).routes(),
            *guilds.routes(),
            *CommandRest(world).routes(),
            *answers.routes(),
            *WebhookRest(world, messages, gateway, answers).routes(),
            *self._oauth.routes(),
        ]
        people = People(world, interactions, messages, reactions)
        founding = Founding(world, gateway, people, guilds, channels)
        stage = Stage(world, people, founding, interactions, messages, gateway, stats)
        self._control = Control(stage)

    def routes(self) -> list[web.RouteDef]:
        """Every route of the party, its control routes included."""
        return [
            web.get("/discord/gateway", self._connect),
            web.get("/discord/gateway/", self._connect),
            *self._oauth.route_defs(),
            *attachments.routes(self.world),
            *self._edge.route_defs(self._rest),
            *self._control.route_defs(),
        ]

    def error_response(self, status: int) -> web.Response:
        """An ordered failure in Discord's words."""
        return self._edge.error_response(status)

    async def stop(self) -> None:
        """End every gateway connection, so that the server can close."""
        for connection in list(self.gateway.connections):
            connection.drop()

    async def start(self) -> None:
        """Nothing runs before a client comes."""

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.gateway.refuses:
            return web.Response(status=503, text="gateway refuses")
        if request.query.get("compress", "zlib-stream") != "zlib-stream":
            return web.Response(status=400, text="only zlib-stream compression is played")
        return await Connection(self.gateway, self._hello, request).serve()

    def _introduce(self) -> tuple[Json, list[Json]]:
        world = self.world
        mine = [g for g in world.guilds.values() if world.bot.id in g.members]
        ready: Json = {
            "v": 10,
            "user": payloads.own_user(world.bot),
            "user_settings": {},
            "application": {"id": world.application_id, "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "session_type": "normal",
            "auth": {},
        }
        return ready, [payloads.guild_create(world, guild) for guild in mine]


def build(config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> Discord:
    """The Discord party of a sandbox."""
    return Discord(config, clock, faults, keeper)
