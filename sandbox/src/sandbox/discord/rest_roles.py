"""The roles of a guild, changed only below the highest that the bot holds itself."""

from collections import Counter

from sandbox.discord import payloads
from sandbox.discord.entities import Guild, Role
from sandbox.discord.errors import (
    Form,
    Json,
    invalid_role,
    missing_permissions,
    too_many,
    unknown,
)
from sandbox.discord.gateway import Gateway
from sandbox.discord.permissions import Can, height, of_member, rank
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.sessions import Intent
from sandbox.discord.snowflakes import is_snowflake
from sandbox.discord.state import World

ROLES = "/guilds/{guild_id}/roles"
MOST_ROLES = 250
BRIGHTEST = 0xFFFFFF


def keep_role(gateway: Gateway, guild: Guild, role: Role) -> None:
    """Put a new role into the guild, and tell of it; or tell of one that changed."""
    event = "GUILD_ROLE_UPDATE" if role.id in guild.roles else "GUILD_ROLE_CREATE"
    guild.roles[role.id] = role
    guild.changed()
    data = {"guild_id": guild.id, "role": payloads.role(role)}
    gateway.dispatch(event, data, guild.id, Intent.GUILDS)


def require_in_guild(world: World, guild: Guild, needed: int) -> None:
    """The bot must hold these permissions in the guild as a whole."""
    if of_member(guild, world.bot.id) & needed != needed:
        raise missing_permissions()


def require_above(world: World, guild: Guild, role: Role) -> None:
    """The role must stand below the highest that the bot holds."""
    if height(role) >= rank(guild, world.bot.id):
        raise missing_permissions()


def role_of(guild: Guild, role_id: str) -> Role:
    """The guild's role, or Discord's refusal."""
    if (role := guild.roles.get(role_id)) is None:
        raise unknown("Role")
    return role


class RoleRest:
    """What the bot does with roles."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Role routes; `member-counts` is no role's id."""
        one = ROLES + "/{role_id}"
        return [
            Route("GET", ROLES, self.all),
            Route("POST", ROLES, self.create),
            Route("PATCH", ROLES, self.move),
            Route("GET", ROLES + "/member-counts", self.count),
            Route("GET", one, self.read),
            Route("PATCH", one, self.change),
            Route("DELETE", one, self.delete),
        ]

    def _guild(self, call: Call, needed: int = 0) -> Guild:
        guild = self._world.guild(call.part("guild_id"))
        require_in_guild(self._world, guild, needed)
        return guild

    async def all(self, call: Call) -> Reply:
        """The guild's roles."""
        return 200, [payloads.role(role) for role in self._guild(call).roles.values()]

    async def count(self, call: Call) -> Reply:
        """How many hold each role; everyone holds @everyone, which is not counted."""
        guild = self._guild(call)
        held = Counter(role for member in guild.members.values() for role in member.roles)
        return 200, {role: held[role] for role in guild.roles if role != guild.id}

    async def read(self, call: Call) -> Reply:
        """One role."""
        return 200, payloads.role(role_of(self._guild(call), call.part("role_id")))

    async def create(self, call: Call) -> Reply:
        """A new role above @everyone and below the others."""
        guild, body = self._guild(call, Can.MANAGE_ROLES), call.form
        if len(guild.roles) >= MOST_ROLES:
            raise too_many("guild roles", MOST_ROLES, 30005)
        everyone = guild.roles[guild.id].permissions
        role = Role(self._world.ids.next(), "new role", everyone, position=1)
        self._fill(guild, role, body)
        keep_role(self._gateway, guild, role)
        return 200, payloads.role(role)

    async def change(self, call: Call) -> Reply:
        """Another name, look or set of permissions."""
        guild = self._guild(call, Can.MANAGE_ROLES)
        role = role_of(guild, call.part("role_id"))
        require_above(self._world, guild, role)
        self._fill(guild, role, call.form)
        keep_role(self._gateway, guild, role)
        return 200, payloads.role(role)

    def _fill(self, guild: Guild, role: Role, body: Json) -> None:
        _check(body)
        wanted = body.get("permissions")
        if wanted is not None:
            toggled = int(wanted) ^ role.permissions
            if toggled & ~of_member(guild, self._world.bot.id):
                raise missing_permissions()
            role.permissions = int(wanted)
        if body.get("name") is not None and role.id != guild.id:
            role.name = body["name"]
        colors = body.get("colors") or {"primary_color": body.get("color")}
        if colors.get("primary_color") is not None:
            role.color = colors["primary_color"]
        for look in ("hoist", "mentionable"):
            if body.get(look) is not None:
                setattr(role, look, body[look])

    async def move(self, call: Call) -> Reply:
        """Roles in another order; those at or above the bot's own cannot be passed."""
        guild = self._guild(call, Can.MANAGE_ROLES)
        moved = _positions(guild, call.body)
        for role, position in moved:
            to = Role(role.id, role.name, role.permissions, position)
            if role.id == guild.id:
                raise invalid_role()
            for stand in (role, to):
                require_above(self._world, guild, stand)
        for role, position in moved:
            role.position = position
            keep_role(self._gateway, guild, role)
        return 200, [payloads.role(role) for role in guild.roles.values()]

    async def delete(self, call: Call) -> Reply:
        """Take a role from everyone who holds it, and from the channels that name it."""
        guild = self._guild(call, Can.MANAGE_ROLES)
        role = role_of(guild, call.part("role_id"))
        if role.id == guild.id or role.bot_id is not None:
            raise invalid_role()
        require_above(self._world, guild, role)
        del guild.roles[role.id]
        guild.changed()
        for member in guild.members.values():
            if role.id in member.roles:
                member.roles = [it for it in member.roles if it != role.id]
        for channel in self._world.channels_of(guild):
            channel.overwrites = [it for it in channel.overwrites if it.id != role.id]
        gone = {"guild_id": guild.id, "role_id": role.id}
        self._gateway.dispatch("GUILD_ROLE_DELETE", gone, guild.id, Intent.GUILDS)
        return 204, None


def _check(body: Json) -> None:
    form = Form()
    if body.get("name") is not None:
        form.text("name", body["name"], 1, 100)
    if body.get("permissions") is not None and not is_snowflake(body["permissions"]):
        form.refuse("permissions", "NUMBER_TYPE_COERCE", "Value is not a number.")
    form.whole("color", body.get("color"), 0, BRIGHTEST)
    colors = form.an_object("colors", body.get("colors"))
    form.whole("colors.primary_color", colors.get("primary_color"), 0, BRIGHTEST)
    for look in ("hoist", "mentionable"):
        if not isinstance(body.get(look), bool | None):
            form.refuse(look, "BASE_TYPE_BOOLEAN", "Must be either true or false.")
    form.raise_if_refused()


def _positions(guild: Guild, body: object) -> list[tuple[Role, int]]:
    """The roles that a request moves, each with where to; who stays is not moved."""
    form = Form()
    listed = form.objects("roles", body if isinstance(body, list) else [body])
    for index, entry in enumerate(listed):
        form.whole(f"roles.{index}.position", entry.get("position"), 0, MOST_ROLES)
    form.raise_if_refused()
    given = [(role_of(guild, str(it.get("id"))), it.get("position")) for it in listed]
    return [(role, to) for role, to in given if to is not None and to != role.position]
