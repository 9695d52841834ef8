"""Who may see and do what, computed as Discord does: roles, then overwrites."""

from enum import IntFlag
from math import inf

from sandbox.discord.entities import Channel, ChannelKind, Guild, Role


class Can(IntFlag):
    """The permissions the stand-in enforces or hands out."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1

EVERYONE = (
    Can.ADD_REACTIONS
    | Can.VIEW_CHANNEL
    | Can.SEND_MESSAGES
    | Can.EMBED_LINKS
    | Can.ATTACH_FILES
    | Can.READ_MESSAGE_HISTORY
    | Can.USE_APPLICATION_COMMANDS
    | Can.CREATE_PUBLIC_THREADS
    | Can.SEND_MESSAGES_IN_THREADS
)

BOT = (
    EVERYONE
    | Can.MANAGE_CHANNELS
    | Can.MANAGE_ROLES
    | Can.MANAGE_WEBHOOKS
    | Can.MANAGE_MESSAGES
    | Can.PIN_MESSAGES
    | Can.MANAGE_THREADS
    | Can.CREATE_PRIVATE_THREADS
)

DIRECT = (
    Can.ADD_REACTIONS
    | Can.VIEW_CHANNEL
    | Can.SEND_MESSAGES
    | Can.EMBED_LINKS
    | Can.ATTACH_FILES
    | Can.READ_MESSAGE_HISTORY
    | Can.MENTION_EVERYONE
    | Can.USE_APPLICATION_COMMANDS
)


def of_member(guild: Guild, user_id: str) -> int:
    """The member's permissions in the guild as a whole; none for a stranger."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    if granted & Can.ADMINISTRATOR or guild.owner_id == user_id:
        return ALL
    return granted


def in_channel(guild: Guild, channel: Channel, user_id: str) -> int:
    """The member's permissions in a guild channel, after its overwrites."""
    granted = of_member(guild, user_id)
    if granted in (ALL, 0):
        return granted
    roles = set(guild.members[user_id].roles)
    everyone = [o for o in channel.overwrites if o.kind == 0 and o.id == guild.id]
    of_roles = [o for o in channel.overwrites if o.kind == 0 and o.id in roles]
    own = [o for o in channel.overwrites if o.kind == 1 and o.id == user_id]
    for layer in (everyone, of_roles, own):
        for overwrite in layer:
            granted &= ~overwrite.deny
        for overwrite in layer:
            granted |= overwrite.allow
    return granted if granted & Can.VIEW_CHANNEL else 0


def rank(guild: Guild, user_id: str) -> tuple[float, float]:
    """How high the member stands in the guild: as their highest role, the owner above all."""
    if guild.owner_id == user_id:
        return (inf, inf)
    held = (guild.roles[it] for it in guild.members[user_id].roles)
    return max((height(role) for role in held), default=(0, 0))


def height(role: Role) -> tuple[float, float]:
    """Where the role stands; of two at one position the older is the higher."""
    return (role.position, -int(role.id))


def named(names: object) -> int:
    """The bits of a list of permission names, or the number itself."""
    if isinstance(names, int) and not isinstance(names, bool):
        return names
    if not isinstance(names, list):
        raise ValueError("permissions must be a number or a list of names")
    bits = 0
    for name in names:
        if name not in Can.__members__:
            raise ValueError(f"unknown permission {name!r}; known are {', '.join(Can.__members__)}")
        bits |= Can[name]
    return bits


def needed_to_send(channel: Channel) -> int:
    """What one must hold to write in a channel of this kind."""
    if channel.is_thread:
        return Can.VIEW_CHANNEL | Can.SEND_MESSAGES_IN_THREADS
    return Can.VIEW_CHANNEL | Can.SEND_MESSAGES


WRITABLE = (
    ChannelKind.TEXT,
    ChannelKind.DM,
    ChannelKind.PUBLIC_THREAD,
    ChannelKind.PRIVATE_THREAD,
)
