"""Making and unmaking people, guilds, channels and memberships."""

from typing import Any

from sandbox.discord import payloads, permissions
from sandbox.discord.entities import Channel, ChannelKind, Guild, Member, Role, User
from sandbox.discord.errors import Json
from sandbox.discord.gateway import Gateway
from sandbox.discord.people import People
from sandbox.discord.refusals import Refused
from sandbox.discord.render import KINDS
from sandbox.discord.rest_channels import ChannelRest
from sandbox.discord.rest_guilds import GuildRest, overwrites_of
from sandbox.discord.rest_members import tell_of_member
from sandbox.discord.rest_roles import keep_role
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

KIND_NAMES = {"text": 0, "category": 4}


class Founding:
    """The acts of guild owners and of Discord itself."""

    def __init__(
        self, world: World, gateway: Gateway, people: People, guilds: GuildRest, rest: ChannelRest
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._people = people
        self._guilds = guilds
        self._channels = rest

    def add_user(self, body: Json) -> Json:
        """A new person; who is played elsewhere too may bring the id."""
        name = body.get("name")
        if not isinstance(name, str) or not 1 <= len(name) <= 32:
            raise Refused(400, "name: 1 to 32 characters are needed")
        if self._world.find_user(name) is not None:
            raise Refused(409, f"the name {name!r} is taken")
        locale = body.get("locale", "en-US")
        display = body.get("display", name)
        given = body.get("id")
        if given is not None and (not str(given).isdecimal() or str(given) in self._world.users):
            raise Refused(409, f"the id {given!r} is no number or is taken")
        user = User(str(given or self._world.ids.next()), name, display, locale)
        user.dms_open = body.get("dms_open", True) is not False
        self._world.keep_user(user)
        return self.show_user(user)

    def show_user(self, user: User) -> Json:
        """A person as the control API shows them."""
        direct = self._world.direct(user)
        return {
            "id": user.id,
            "name": user.username,
            "locale": user.locale,
            "dms_open": user.dms_open,
            "dm_channel_id": direct.id,
        }

    def set_dms(self, reference: str, body: Json) -> Json:
        """Open or close a person's direct messages to the bot."""
        if not isinstance(body.get("open"), bool):
            raise Refused(400, "open: true or false is needed")
        user = self._people.person(reference)
        user.dms_open = body["open"]
        return self.show_user(user)

    def add_guild(self, body: Json) -> Json:
        """A new guild with channels; the bot joins it unless `bot` is false."""
        name = body.get("name")
        if not isinstance(name, str) or not 2 <= len(name) <= 100:
            raise Refused(400, "name: 2 to 100 characters are needed")
        world = self._world
        owner = self._people.person(body["owner"]) if body.get("owner") else self._owner()
        new_id = world.ids.next()
        members, locale = world.members(new_id), body.get("locale", "en-US")
        guild = Guild(new_id, name, owner.id, locale, members=members)
        everyone = _bits(body.get("everyone_permissions"), permissions.EVERYONE)
        guild.roles[guild.id] = Role(guild.id, "@everyone", everyone)
        guild.members[owner.id] = Member(owner.id, world.now())
        world.guilds[guild.id] = guild
        for channel in body.get("channels") or ["general"]:
            self._add_channel(guild, {"name": channel} if isinstance(channel, str) else channel)
        if body.get("bot", True):
            self._invite_bot(guild, _bits(body.get("bot_permissions"), permissions.BOT))
        return self.show_guild(guild)

    def _owner(self) -> User:
        user = self._world.find_user("guild-owner")
        if user is None:
            user = User(self._world.ids.next(), "guild-owner", "Guild owner")
            self._world.keep_user(user)
        return user

    def _invite_bot(self, guild: Guild, bits: int) -> None:
        world = self._world
        role = Role(world.ids.next(), world.bot.username, bits, position=1, bot_id=world.bot.id)
        guild.roles[role.id] = role
        guild.changed()
        guild.members[world.bot.id] = Member(world.bot.id, world.now(), [role.id])
        data = payloads.guild_create(world, guild)
        self._gateway.dispatch("GUILD_CREATE", data, guild.id, Intent.GUILDS)

    def remove_bot(self, reference: str) -> None:
        """Kick the bot out of a guild."""
        guild = self._people.guild(reference)
        if guild.members.pop(self._world.bot.id, None) is None:
            raise Refused(409, "the bot is not in this guild")
        self._gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild.id, Intent.GUILDS)

    def show_guild(self, guild: Guild) -> Json:
        """A guild as the control API shows it."""
        found = self._world.channels_of(guild)
        channels = [{"id": c.id, "name": c.name, "kind": KINDS[c.kind]} for c in found]
        roles = [{"id": r.id, "name": r.name} for r in guild.roles.values()]
        body = {"id": guild.id, "name": guild.name, "locale": guild.locale}
        members = list(guild.members)
        return {**body, "channels": channels, "roles": roles, "members": members}

    def add_channel(self, body: Json) -> Json:
        """A new channel in a guild."""
        guild = self._people.guild(body.get("guild"))
        channel = self._add_channel(guild, body)
        return {"id": channel.id, "name": channel.name, "kind": KINDS[channel.kind]}

    def _add_channel(self, guild: Guild, body: Json) -> Channel:
        kind = body.get("kind", "text")
        if kind not in KIND_NAMES or not isinstance(body.get("name"), str):
            raise Refused(400, f"a channel needs a name and a kind of {list(KIND_NAMES)}")
        made: Json = {"name": body["name"], "type": KIND_NAMES[kind], "topic": body.get("topic")}
        channel = self._guilds.add_channel(guild, made)
        channel.overwrites = overwrites_of(body.get("overwrites"))
        return channel

    def remove_channel(self, reference: str) -> None:
        """Delete a channel or thread, as a guild's owner can."""
        channel = self._world.find_channel(reference, None)
        if channel is None or channel.kind is ChannelKind.DM:
            raise Refused(404, f"no guild channel {reference!r}")
        self._channels.delete_channel(channel)

    def add_member(self, body: Json) -> Json:
        """Let a person join a guild, with roles made on first use, below the bot's."""
        guild = self._people.guild(body.get("guild"))
        user = self._people.person(body.get("user"))
        roles = [self._role(guild, role) for role in body.get("roles") or ()]
        joined = user.id not in guild.members
        member = guild.members.setdefault(user.id, Member(user.id, self._world.now()))
        member.roles = roles or member.roles
        event = "GUILD_MEMBER_ADD" if joined else "GUILD_MEMBER_UPDATE"
        tell_of_member(self._gateway, event, guild, member, user)
        return {"guild": guild.id, "user": user.id, "roles": member.roles}

    def _role(self, guild: Guild, wanted: Any) -> str:
        spec = wanted if isinstance(wanted, dict) else {"name": wanted}
        for role in guild.roles.values():
            if spec.get("name") in (role.name, role.id):
                return role.id
        bits = _bits(spec.get("permissions"), 0)
        position = spec.get("position", 1)
        role = Role(self._world.ids.next(), str(spec.get("name")), bits, position)
        keep_role(self._gateway, guild, role)
        return role.id

    def remove_member(self, guild_reference: str, user_reference: str) -> None:
        """Let a person leave a guild."""
        guild = self._people.guild(guild_reference)
        user = self._people.person(user_reference)
        if guild.members.pop(user.id, None) is None:
            raise Refused(409, f"{user.username} is not in {guild.name}")
        data = {"guild_id": guild.id, "user": payloads.user(user)}
        self._gateway.dispatch("GUILD_MEMBER_REMOVE", data, guild.id, Intent.GUILD_MEMBERS)


def _bits(given: object, default: int) -> int:
    if given is None:
        return int(default)
    try:
        return permissions.named(given)
    except ValueError as error:
        raise Refused(400, str(error)) from error
