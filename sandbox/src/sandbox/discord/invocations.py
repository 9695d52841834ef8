"""What a client lets a person type after a slash: only what was synced, complete and valid."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.discord import message_payloads, payloads
from sandbox.discord.command_limits import (
    BOOLEAN,
    CHANNEL,
    CHAT,
    FILE,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
    leaves,
)
from sandbox.discord.entities import Channel, ChannelKind, User
from sandbox.discord.errors import Json
from sandbox.discord.permissions import Can, of_member
from sandbox.discord.refusals import Refused
from sandbox.discord.state import World

SAFE_INTEGER = 2**53
DEFAULT_MOST_TEXT = 6000


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as typed: who, where, the words, the options and the focused one."""

    user: User
    channel: Channel
    words: str
    options: Json
    focused: str | None = None


def available(world: World, guild_id: str | None) -> list[Json]:
    """The commands a client offers in a place; a guild's own hide global ones of the name."""
    own = list(world.commands.get(guild_id, {}).values()) if guild_id else []
    taken = {(c["type"], c["name"]) for c in own}
    everywhere = [c for c in world.commands[None].values() if (c["type"], c["name"]) not in taken]
    return own + everywhere


def invoke(world: World, typed: Typed, store: Callable[[Json, Channel], str]) -> Json:
    """The data of the interaction, or Refused where the client would not send it."""
    commands = available(world, typed.channel.guild_id)
    chats = [c for c in commands if c["type"] == CHAT]
    paths = {path: (c, node) for c in chats for path, node in leaves(c)}
    if typed.words not in paths:
        known = ", ".join(sorted(paths)) or "none: the bot has synced no commands"
        raise Refused(404, f"no command /{typed.words} is synced here; there are: {known}")
    command, node = paths[typed.words]
    require_usable(world, command, typed)
    reader = OptionReader(world, typed, store)
    options = reader.read(node.get("options") or [])
    data = _base(command)
    for word, inner in reversed(_inner(command, typed.words)):
        options = [{"type": inner["type"], "name": word, "options": options}]
    data["options"] = options
    return data | ({"resolved": reader.resolved} if reader.resolved else {})


def _base(command: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return data | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def _inner(command: Json, words: str) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    node = command
    for word in words.split()[1:]:
        node = next(option for option in node["options"] if option["name"] == word)
        found.append((word, node))
    return found


def menu(world: World, typed: Typed, kind: int, target: tuple[str, Json]) -> Json:
    """The data of a context menu command on a user or message."""
    commands = available(world, typed.channel.guild_id)
    found = [c for c in commands if (c["type"], c["name"]) == (kind, typed.words)]
    if not found:
        known = ", ".join(c["name"] for c in commands if c["type"] == kind) or "none"
        raise Refused(404, f"no menu entry {typed.words!r} is synced here; there are: {known}")
    require_usable(world, found[0], typed)
    target_id, resolved = target
    return {**_base(found[0]), "target_id": target_id, "resolved": resolved}


def require_usable(world: World, command: Json, typed: Typed) -> None:
    """Refuse a command that the client hides in this place or from this person."""
    channel, name = typed.channel, command["name"]
    direct = channel.kind is ChannelKind.DM
    contexts = command["contexts"]
    in_dm = command["dm_permission"] if contexts is None else 1 in contexts
    if direct and not in_dm:
        raise Refused(403, f"/{name} is not offered in direct messages")
    if not direct and contexts is not None and 0 not in contexts:
        raise Refused(403, f"/{name} is not offered in guilds")
    rights = world.rights(channel, typed.user.id)
    if not rights & Can.USE_APPLICATION_COMMANDS:
        raise Refused(403, f"{typed.user.username} may not use commands in this channel")
    needed = command["default_member_permissions"]
    if direct or needed is None:
        return
    held = of_member(world.guilds[channel.guild_id or ""], typed.user.id)
    enough = held & Can.ADMINISTRATOR if needed == "0" else held & int(needed) == int(needed)
    if not enough:
        raise Refused(403, f"/{name} is hidden from {typed.user.username}: permissions are missing")


class OptionReader:
    """Turns typed values into options, resolving the people and places they name."""

    def __init__(self, world: World, typed: Typed, store: Callable[[Json, Channel], str]) -> None:
        self._world = world
        self._typed = typed
        self._store = store
        self.resolved: Json = {}

    def read(self, definitions: list[Json]) -> list[Json]:
        """All given options, in the order of the definition."""
        given = self._typed.options
        names = [definition["name"] for definition in definitions]
        if unknown := sorted(set(given) - set(names)):
            raise Refused(400, f"/{self._typed.words} has no option {unknown}; it has {names}")
        complete = self._typed.focused is None
        for definition in definitions:
            if complete and definition.get("required") and definition["name"] not in given:
                raise Refused(400, f"option {definition['name']} is required")
        return [self._one(d, given[d["name"]]) for d in definitions if d["name"] in given]

    def _one(self, definition: Json, value: Any) -> Json:
        name, kind = definition["name"], definition["type"]
        if name == self._typed.focused:
            if not definition.get("autocomplete"):
                raise Refused(400, f"option {name} has no autocomplete")
            return {"type": kind, "name": name, "value": value, "focused": True}
        return {"type": kind, "name": name, "value": self._value(definition, value)}

    def _value(self, definition: Json, value: Any) -> Any:
        name, kind = definition["name"], definition["type"]
        if definition.get("choices"):
            return _choice(name, definition["choices"], value)
        if kind in (USER, ROLE, CHANNEL, MENTIONABLE):
            return self._resolve(name, kind, value)
        if kind == FILE:
            return self._file(name, value)
        _check_scalar(definition, value)
        return value

    def _file(self, name: str, value: Any) -> str:
        if not isinstance(value, dict):
            raise Refused(400, f"option {name}: give {{filename, content, content_type?}}")
        new_id = self._store(value, self._typed.channel)
        file = self._world.attachments[new_id]
        self.resolved.setdefault("attachments", {})[new_id] = message_payloads.attachment(
            file, self._world.base_url
        )
        return new_id

    def _resolve(self, name: str, kind: int, value: Any) -> str:
        guild = self._world.guilds.get(self._typed.channel.guild_id or "")
        user = self._world.find_user(value) if kind in (USER, MENTIONABLE) else None
        if user is not None:
            self.resolved |= resolved_user(self._world, user, self._typed.channel, self.resolved)
            return user.id
        channel = self._world.find_channel(value, guild) if kind == CHANNEL else None
        if channel is not None and self._world.sees(self._typed.user.id, channel):
            body = payloads.channel(self._world, channel, viewer=self._typed.user.id)
            self.resolved.setdefault("channels", {})[channel.id] = body
            return channel.id
        roles = guild.roles.values() if guild and kind in (ROLE, MENTIONABLE) else ()
        for role in roles:
            if str(value) in (role.id, role.name):
                self.resolved.setdefault("roles", {})[role.id] = payloads.role(role)
                return role.id
        raise Refused(400, f"option {name}: nothing here is called {value!r}")


def resolved_user(world: World, user: User, channel: Channel, so_far: Json) -> Json:
    """The resolved users and members with one more person."""
    users = {**so_far.get("users", {}), user.id: payloads.user(user)}
    members = dict(so_far.get("members", {}))
    guild = world.guilds.get(channel.guild_id or "")
    if guild and user.id in guild.members:
        rights = str(int(world.rights(channel, user.id)))
        body = payloads.member(guild.members[user.id], None)
        members[user.id] = {**body, "permissions": rights}
    return {**so_far, "users": users} | ({"members": members} if members else {})


def _choice(name: str, choices: list[Json], value: Any) -> Any:
    for choice in choices:
        if value in (choice["value"], choice["name"]):
            return choice["value"]
    raise Refused(400, f"option {name}: choose one of {[c['value'] for c in choices]}")


def _check_scalar(definition: Json, value: Any) -> None:
    name, kind = definition["name"], definition["type"]
    types: dict[int, tuple[type, ...]] = {
        STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float),
    }  # fmt: skip
    if type(value) not in types[kind]:
        raise Refused(400, f"option {name}: {value!r} is not a {types[kind][0].__name__}")
    if kind == STRING:
        least = definition.get("min_length", 0)
        most = definition.get("max_length", DEFAULT_MOST_TEXT)
        if not least <= len(value) <= most:
            raise Refused(400, f"option {name}: {least} to {most} characters are needed")
    elif kind in (INTEGER, NUMBER):
        least = definition.get("min_value", -SAFE_INTEGER)
        most = definition.get("max_value", SAFE_INTEGER)
        if not least <= value <= most:
            raise Refused(400, f"option {name}: {value} lies outside {least}…{most}")
