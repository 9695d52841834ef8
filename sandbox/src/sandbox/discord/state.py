"""Discord's memory: everything the stand-in knows, and who may see it.

Guilds, channels, messages and people outlive the process; who is connected does not.
"""

from datetime import datetime

from sandbox.clock import Clock
from sandbox.discord import permissions
from sandbox.discord.changes import Changes
from sandbox.discord.entities import (
    Channel,
    ChannelKind,
    Guild,
    Member,
    Message,
    User,
)
from sandbox.discord.errors import missing_access, missing_permissions, unknown
from sandbox.discord.memory import Memory, members_of
from sandbox.discord.permissions import Can
from sandbox.discord.snowflakes import Snowflakes
from sandbox.keeping import Keeper, Table


class World:
    """All users, guilds, channels, messages, commands and interactions of one application."""

    def __init__(
        self, clock: Clock, base_url: str, application_id: str, bot_name: str, keeper: Keeper
    ) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock.time)
        self.changes = Changes()
        self.base_url = base_url
        self.application_id = application_id
        self.bot = User(application_id, bot_name, bot_name, bot=True)
        kept = Memory(keeper)
        self.users, self.guilds, self.channels = kept.users, kept.guilds, kept.channels
        self.messages, self.attachments = kept.messages, kept.attachments
        self.webhooks = kept.webhooks
        self.interactions, self.commands = kept.interactions, kept.commands
        self.users[self.bot.id] = self.bot
        self.commands.setdefault(None, {})
        self.by_token = {it.token: it for it in self.interactions.values()}
        self.revision = max((it.revision for it in self.messages.values()), default=0)
        self._direct = {
            it.recipient_id: it
            for it in self.channels.values()
            if it.kind is ChannelKind.DM and it.recipient_id is not None
        }
        self._names = {it.username: it for it in self.users.values() if it is not self.bot}
        self._keeper = keeper

    def now(self) -> datetime:
        """The moved time."""
        return self.clock.now()

    def touch(self, message: Message) -> None:
        """Note that a message changed, and wake whoever waits for it."""
        self.revision += 1
        message.revision = self.revision
        self.changes.notify()

    def members(self, guild_id: str) -> Table[str, Member]:
        """The members of a guild that is being made."""
        return members_of(self._keeper, guild_id)

    def user(self, user_id: str) -> User:
        """The user, or Discord's refusal."""
        if (user := self.users.get(user_id)) is None:
            raise unknown("User")
        return user

    def guild(self, guild_id: str) -> Guild:
        """A guild the bot is in, or Discord's refusal."""
        guild = self.guilds.get(guild_id)
        if guild is None or self.bot.id not in guild.members:
            raise unknown("Guild")
        return guild

    def channel(self, channel_id: str) -> Channel:
        """The channel, or Discord's refusal."""
        if (channel := self.channels.get(channel_id)) is None:
            raise unknown("Channel")
        return channel

    def message(self, channel: Channel, message_id: str) -> Message:
        """A message as the REST API finds it: ephemeral ones are never found."""
        message = channel.messages.get(message_id)
        if message is None or message.is_ephemeral:
            raise unknown("Message")
        return message

    def author(self, message: Message) -> User:
        """Who wrote it: a user, or a webhook under the name that it was given."""
        if message.webhook_id is None:
            return self.users[message.author_id]
        return User(message.webhook_id, message.webhook_name, message.webhook_name, bot=True)

    def direct(self, user: User) -> Channel:
        """The conversation between the bot and a person, opened on first use."""
        if (known := self._direct.get(user.id)) is not None:
            return known
        channel = Channel(self.ids.next(), ChannelKind.DM, self.now(), recipient_id=user.id)
        self.channels[channel.id] = self._direct[user.id] = channel
        return channel

    def keep_user(self, user: User) -> None:
        """Remember a new user."""
        self.users[user.id] = self._names[user.username] = user

    def keep_message(self, channel: Channel, message: Message) -> None:
        """Remember a new message as the channel's last."""
        channel.messages[message.id] = self.messages[message.id] = message
        channel.sent += 1
        self.touch(message)

    def forget_message(self, channel: Channel, message: Message) -> None:
        """Drop a message for everyone."""
        del channel.messages[message.id], self.messages[message.id]
        self.revision += 1
        self.changes.notify()

    def forget_channel(self, channel: Channel) -> None:
        """Drop a channel, its threads and all they hold."""
        for thread in [c for c in self.channels.values() if c.parent_id == channel.id]:
            if thread.is_thread:
                self.forget_channel(thread)
        for message_id in channel.messages:
            del self.messages[message_id]
        for webhook in [it for it in self.webhooks.values() if it.channel_id == channel.id]:
            del self.webhooks[webhook.id]
        del self.channels[channel.id]
        self._direct = {u: c for u, c in self._direct.items() if c is not channel}
        self.changes.notify()

    def channels_of(self, guild: Guild) -> list[Channel]:
        """The guild's channels and threads in order of position, then age."""
        found = [c for c in self.channels.values() if c.guild_id == guild.id]
        return sorted(found, key=lambda c: (c.position, int(c.id)))

    def rights(self, channel: Channel, user_id: str) -> int:
        """What the user may do in the channel; 0 where they cannot see it."""
        if channel.kind is ChannelKind.DM:
            return permissions.DIRECT if user_id in (channel.recipient_id, self.bot.id) else 0
        guild = self.guilds[channel.guild_id or ""]
        parent = self.channels[channel.parent_id or ""] if channel.is_thread else channel
        rights = permissions.in_channel(guild, parent, user_id)
        if not rights & Can.VIEW_CHANNEL:
            return 0
        hidden = channel.kind is ChannelKind.PRIVATE_THREAD and user_id not in channel.joined
        return 0 if hidden and not rights & Can.MANAGE_THREADS else rights

    def sees(self, user_id: str, channel: Channel) -> bool:
        """Whether the user can open the channel."""
        return bool(self.rights(channel, user_id) & Can.VIEW_CHANNEL)

    def shows(self, user_id: str, message: Message) -> bool:
        """Whether the user's client displays the message."""
        if message.shown_to is not None and message.shown_to != user_id:
            return False
        channel = self.channels.get(message.channel_id)
        return channel is not None and self.sees(user_id, channel)

    def require(self, channel: Channel, needed: int) -> None:
        """The bot must hold these permissions in the channel, or is refused as Discord does."""
        rights = self.rights(channel, self.bot.id)
        if not rights & Can.VIEW_CHANNEL:
            raise missing_access()
        if rights & needed != needed:
            raise missing_permissions()

    def find_user(self, reference: object) -> User | None:
        """A user by id or by name."""
        text = str(reference)
        if text in self.users:
            return self.users[text]
        return self._names.get(text)

    def find_guild(self, reference: object) -> Guild | None:
        """A guild by id or by name."""
        text = str(reference)
        if text in self.guilds:
            return self.guilds[text]
        return next((g for g in self.guilds.values() if g.name == text), None)

    def find_channel(self, reference: object, guild: Guild | None) -> Channel | None:
        """A channel by id, or by name within the guild."""
        text = str(reference)
        if text in self.channels:
            return self.channels[text]
        named = [c for c in self.channels.values() if c.name == text and c.guild_id is not None]
        of_guild = [c for c in named if guild is None or c.guild_id == guild.id]
        return of_guild[0] if of_guild else None
