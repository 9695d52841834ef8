"""The bot's own account, other users, direct conversations and the gateway's address."""

from sandbox.discord import payloads
from sandbox.discord.connection import address
from sandbox.discord.entities import User
from sandbox.discord.errors import Form, Json, unauthorized, unknown
from sandbox.discord.permissions import of_member
from sandbox.discord.rate_limits import DIRECT
from sandbox.discord.rest import Call, Reply, Route, Token
from sandbox.discord.snowflakes import is_snowflake
from sandbox.discord.state import World

STARTS_PER_DAY = 1000
DAY_MS = 86_400_000


class UserRest:
    """Routes about users and sessions."""

    def __init__(self, world: World, redirect_uris: tuple[str, ...]) -> None:
        self._world = world
        self._redirect_uris = redirect_uris

    def routes(self) -> list[Route]:
        """User, application and gateway routes."""
        return [
            Route("GET", "/users/@me", self.me, token=Token.EITHER),
            Route("GET", "/users/@me/guilds", self.my_guilds, token=Token.EITHER),
            Route("GET", "/users/@me/guilds/{guild_id}/member", self.my_place, token=Token.USER),
            Route("POST", "/users/@me/channels", self.open_dm, DIRECT),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("GET", "/applications/@me", self.application),
            Route("GET", "/gateway", self.gateway),
            Route("GET", "/gateway/bot", self.gateway_bot),
        ]

    async def me(self, call: Call) -> Reply:
        """The owner of the token."""
        if call.person is None:
            return 200, payloads.own_user(self._world.bot)
        if "identify" not in call.scopes:
            raise unauthorized()
        return 200, payloads.own_user(call.person, email="email" in call.scopes)

    async def my_guilds(self, call: Call) -> Reply:
        """The guilds of the token's owner."""
        user = call.person or self._world.bot
        if call.person is not None and "guilds" not in call.scopes:
            raise unauthorized()
        return 200, self._guilds_of(user)

    def _guilds_of(self, user: User) -> list[Json]:
        return [
            {
                "id": guild.id,
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": guild.owner_id == user.id,
                "permissions": str(of_member(guild, user.id)),
                "features": [],
            }
            for guild in self._world.guilds.values()
            if user.id in guild.members
        ]

    async def my_place(self, call: Call) -> Reply:
        """The person's own membership in a guild."""
        if call.person is None or "guilds.members.read" not in call.scopes:
            raise unauthorized()
        guild = self._world.guilds.get(call.part("guild_id"))
        member = guild.members.get(call.person.id) if guild else None
        if member is None:
            raise unknown("Guild")
        return 200, payloads.member(member, call.person)

    async def open_dm(self, call: Call) -> Reply:
        """The conversation with a person; the id may come as text or as a number."""
        recipient = call.form.get("recipient_id")
        if not is_snowflake(recipient):
            form = Form()
            form.refuse("recipient_id", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
            form.raise_if_refused()
        user = self._world.user(str(recipient))
        if user.bot:
            raise unknown("User")
        return 200, payloads.channel(self._world, self._world.direct(user))

    async def user(self, call: Call) -> Reply:
        """Any user."""
        return 200, payloads.user(self._world.user(call.part("user_id")))

    async def application(self, _: Call) -> Reply:
        """The bot's application."""
        return 200, payloads.application(self._world, self._redirect_uris)

    async def gateway(self, call: Call) -> Reply:
        """Where the gateway is."""
        return 200, {"url": address(call.request)}

    async def gateway_bot(self, call: Call) -> Reply:
        """Where the gateway is, and how often it may be entered."""
        limit = {
            "total": STARTS_PER_DAY,
            "remaining": STARTS_PER_DAY,
            "reset_after": DAY_MS,
            "max_concurrency": 1,
        }
        return 200, {"url": address(call.request), "shards": 1, "session_start_limit": limit}
