"""Members of a guild: read one, give and take roles, and call somebody otherwise."""

from sandbox.discord import payloads
from sandbox.discord.entities import Guild, Member, Role, User
from sandbox.discord.errors import (
    ApiError,
    Form,
    Json,
    invalid_role,
    missing_permissions,
    unknown,
)
from sandbox.discord.gateway import Gateway
from sandbox.discord.permissions import Can, rank
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.rest_roles import require_above, require_in_guild, role_of
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

MEMBER = "/guilds/{guild_id}/members/{user_id}"
ROLE = MEMBER + "/roles/{role_id}"
VOICE = ("mute", "deaf", "channel_id")
NOT_PLAYED = ("communication_disabled_until", "flags")


def tell_of_member(gateway: Gateway, event: str, guild: Guild, member: Member, user: User) -> None:
    """Tell who may know that somebody came or changed."""
    data = {**payloads.member(member, user), "guild_id": guild.id}
    gateway.dispatch(event, data, guild.id, Intent.GUILD_MEMBERS)


class MemberRest:
    """What the bot does with one member."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Routes of one member; the bot may call itself `@me` where it changes its nick."""
        return [
            Route("GET", MEMBER, self.read),
            Route("PATCH", MEMBER, self.change),
            Route("PUT", ROLE, self.give),
            Route("DELETE", ROLE, self.take),
        ]

    def _found(self, call: Call, own: bool = False) -> tuple[Guild, Member]:
        guild, wanted = self._world.guild(call.part("guild_id")), call.part("user_id")
        if own and wanted == "@me":
            wanted = self._world.bot.id
        if (member := guild.members.get(wanted)) is None:
            raise unknown("Member")
        return guild, member

    def _shown(self, member: Member) -> Json:
        return payloads.member(member, self._world.users[member.user_id])

    async def read(self, call: Call) -> Reply:
        """One member."""
        return 200, self._shown(self._found(call)[1])

    async def give(self, call: Call) -> Reply:
        """Give a role; who holds it already keeps it."""
        guild, member = self._found(call)
        role = self._grantable(guild, call.part("role_id"))
        self._hold(guild, member, [*member.roles, role.id])
        return 204, None

    async def take(self, call: Call) -> Reply:
        """Take a role; who does not hold it is as before."""
        guild, member = self._found(call)
        role = self._grantable(guild, call.part("role_id"))
        self._hold(guild, member, [it for it in member.roles if it != role.id])
        return 204, None

    def _grantable(self, guild: Guild, role_id: str) -> Role:
        require_in_guild(self._world, guild, Can.MANAGE_ROLES)
        role = role_of(guild, role_id)
        if role.id == guild.id or role.bot_id is not None:
            raise invalid_role()
        require_above(self._world, guild, role)
        return role

    def _hold(self, guild: Guild, member: Member, roles: list[str]) -> None:
        wanted = list(dict.fromkeys(roles))
        if wanted != member.roles:
            member.roles = wanted
            self._tell(guild, member)

    def _tell(self, guild: Guild, member: Member) -> None:
        user = self._world.users[member.user_id]
        tell_of_member(self._gateway, "GUILD_MEMBER_UPDATE", guild, member, user)

    async def change(self, call: Call) -> Reply:
        """Another set of roles, another nick; all of it or nothing."""
        guild, member = self._found(call, own=True)
        body = _checked(call.form)
        nick = self._nick(guild, member, body)
        wanted = member.roles
        if body.get("roles") is not None:
            wanted = list(dict.fromkeys(str(it) for it in body["roles"]))
            for changed in set(wanted) ^ set(member.roles):
                self._grantable(guild, changed)
        before = (member.nick, member.roles)
        member.nick, member.roles = nick, wanted
        if (nick, wanted) != before:
            self._tell(guild, member)
        return 200, self._shown(member)

    def _nick(self, guild: Guild, member: Member, body: Json) -> str | None:
        if "nick" not in body or (body["nick"] or None) == member.nick:
            return member.nick
        bot = self._world.bot.id
        if member.user_id != bot:
            require_in_guild(self._world, guild, Can.MANAGE_NICKNAMES)
            if rank(guild, member.user_id) >= rank(guild, bot):
                raise missing_permissions()
        return body["nick"] or None


def _checked(body: Json) -> Json:
    form = Form()
    if body.get("nick") is not None:
        form.text("nick", body["nick"], 0, 32)
    if not isinstance(body.get("roles"), list | None):
        form.refuse("roles", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    for name in NOT_PLAYED:
        if body.get(name) is not None:
            form.refuse(name, "SANDBOX_NOT_PLAYED", "The sandbox plays roles and nicks only.")
    form.raise_if_refused()
    if any(body.get(name) is not None for name in VOICE):
        raise ApiError(400, 40032, "Target user is not connected to voice.")
    return body
