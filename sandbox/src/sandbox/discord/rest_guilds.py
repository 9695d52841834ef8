"""Guilds, their channels and threads."""

from sandbox.discord import payloads
from sandbox.discord.entities import Channel, ChannelKind, Guild, Overwrite
from sandbox.discord.errors import (
    Form,
    Json,
    missing_access,
    missing_permissions,
    not_here,
    too_many,
    unknown,
)
from sandbox.discord.gateway import Gateway
from sandbox.discord.permissions import Can, of_member
from sandbox.discord.rate_limits import THREADS
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.sessions import Intent
from sandbox.discord.snowflakes import is_snowflake
from sandbox.discord.state import World

GUILD = "/guilds/{guild_id}"
THREAD_MEMBERS = "/channels/{channel_id}/thread-members"
MAKEABLE = (int(ChannelKind.TEXT), int(ChannelKind.CATEGORY))
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
MOST_CHANNELS = 500


def overwrites_of(body: object) -> list[Overwrite]:
    """Permission overwrites of a request."""
    form = Form()
    listed = form.objects("permission_overwrites", body)
    for index, overwrite in enumerate(listed):
        for key in ("id", "allow", "deny"):
            if not is_snowflake(overwrite.get(key) or 0):
                path = f"permission_overwrites.{index}.{key}"
                form.refuse(path, "NUMBER_TYPE_COERCE", "Value is not a number.")
        form.one_of(f"permission_overwrites.{index}.type", overwrite.get("type", 0), (0, 1))
    form.raise_if_refused()
    return [
        Overwrite(str(o["id"]), o.get("type", 0), int(o.get("allow") or 0), int(o.get("deny") or 0))
        for o in listed
    ]


class GuildRest:
    """What the bot reads and makes in its guilds."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Guild, channel and thread routes."""
        return [
            Route("GET", GUILD, self.guild),
            Route("GET", GUILD + "/channels", self.channels),
            Route("POST", GUILD + "/channels", self.make_channel),
            Route("GET", GUILD + "/threads/active", self.active_threads),
            Route("POST", "/channels/{channel_id}/threads", self.make_thread, THREADS),
            Route("GET", THREAD_MEMBERS, self.thread_members),
            Route("GET", THREAD_MEMBERS + "/{user_id}", self.thread_member),
            Route("PUT", THREAD_MEMBERS + "/{user_id}", self.add_to_thread, THREADS),
            Route("DELETE", THREAD_MEMBERS + "/{user_id}", self.remove_from_thread, THREADS),
        ]

    def _guild(self, call: Call) -> Guild:
        return self._world.guild(call.part("guild_id"))

    async def guild(self, call: Call) -> Reply:
        """One guild."""
        guild = self._guild(call)
        body = payloads.guild(guild)
        if call.query.get("with_counts") in ("1", "true"):
            count = len(guild.members)
            body |= {"approximate_member_count": count, "approximate_presence_count": count}
        return 200, body

    async def channels(self, call: Call) -> Reply:
        """The guild's channels without threads."""
        found = [c for c in self._world.channels_of(self._guild(call)) if not c.is_thread]
        return 200, [payloads.channel(self._world, channel) for channel in found]

    async def make_channel(self, call: Call) -> Reply:
        """Make a text channel or category."""
        guild, body = self._guild(call), call.form
        if not of_member(guild, self._world.bot.id) & Can.MANAGE_CHANNELS:
            raise missing_permissions()
        form = Form()
        form.text("name", body.get("name"), 1, 100)
        form.one_of("type", body.get("type", 0), MAKEABLE)
        form.raise_if_refused()
        if len(self._world.channels_of(guild)) >= MOST_CHANNELS:
            raise too_many("guild channels", MOST_CHANNELS, 30013)
        channel = self.add_channel(guild, body)
        return 201, payloads.channel(self._world, channel)

    def add_channel(self, guild: Guild, body: Json) -> Channel:
        """Put a new channel into the guild and announce it."""
        world = self._world
        parent = body.get("parent_id")
        channel = Channel(
            world.ids.next(), ChannelKind(body.get("type") or 0), world.now(), guild.id,
            body["name"], body.get("topic"), str(parent) if parent else None,
            body.get("position") or len(world.channels_of(guild)),
            overwrites_of(body.get("permission_overwrites")),
        )  # fmt: skip
        world.channels[channel.id] = channel
        if self._world.bot.id in guild.members and world.sees(world.bot.id, channel):
            data = payloads.channel(world, channel)
            self._gateway.dispatch("CHANNEL_CREATE", data, guild.id, Intent.GUILDS)
        return channel

    async def active_threads(self, call: Call) -> Reply:
        """Threads that are open and visible to the bot."""
        guild, bot = self._guild(call), self._world.bot.id
        found = [
            c
            for c in self._world.channels_of(guild)
            if c.is_thread and not c.archived and self._world.sees(bot, c)
        ]
        joined = [payloads.thread_member(c, bot) for c in found if bot in c.joined]
        threads = [payloads.channel(self._world, c) for c in found]
        return 200, {"threads": threads, "members": joined, "has_more": False}

    async def make_thread(self, call: Call) -> Reply:
        """Open a thread; the bot is its first member."""
        world, body = self._world, call.form
        parent = world.channel(call.part("channel_id"))
        kind = body.get("type", int(ChannelKind.PRIVATE_THREAD))
        form = Form()
        form.text("name", body.get("name"), 1, 100)
        form.one_of("type", kind, (11, 12))
        archive = body.get("auto_archive_duration", 1440)
        form.one_of("auto_archive_duration", archive, ARCHIVE_MINUTES)
        form.raise_if_refused()
        if parent.kind is not ChannelKind.TEXT:
            raise not_here()
        private = kind == ChannelKind.PRIVATE_THREAD
        world.require(parent, Can.CREATE_PRIVATE_THREADS if private else Can.CREATE_PUBLIC_THREADS)
        thread = Channel(
            world.ids.next(), ChannelKind(kind), world.now(), parent.guild_id, body["name"],
            parent_id=parent.id, owner_id=world.bot.id, joined={world.bot.id: world.now()},
            invitable=bool(body.get("invitable", True)), auto_archive_minutes=archive,
        )  # fmt: skip
        world.channels[thread.id] = thread
        member = payloads.thread_member(thread, world.bot.id)
        data = {**payloads.channel(world, thread), "member": member}
        event = {**data, "newly_created": True}
        self._gateway.dispatch("THREAD_CREATE", event, thread.guild_id, Intent.GUILDS)
        return 201, data

    def _thread(self, call: Call) -> Channel:
        thread = self._world.channel(call.part("channel_id"))
        self._world.require(thread, Can.VIEW_CHANNEL)
        if not thread.is_thread:
            raise not_here()
        return thread

    def _user_id(self, call: Call) -> str:
        user_id = call.part("user_id")
        return self._world.bot.id if user_id == "@me" else user_id

    async def thread_members(self, call: Call) -> Reply:
        """Who is in the thread."""
        thread = self._thread(call)
        return 200, [payloads.thread_member(thread, user_id) for user_id in thread.joined]

    async def thread_member(self, call: Call) -> Reply:
        """One person's place in the thread."""
        thread, user_id = self._thread(call), self._user_id(call)
        if user_id not in thread.joined:
            raise unknown("Member")
        return 200, payloads.thread_member(thread, user_id)

    async def add_to_thread(self, call: Call) -> Reply:
        """Let a member of the guild who sees the parent channel into the thread."""
        thread, user_id = self._thread(call), self._user_id(call)
        self._world.require(thread, Can.SEND_MESSAGES_IN_THREADS)
        user = self._world.user(user_id)
        if not self._world.sees(user.id, self._world.channel(thread.parent_id or "")):
            raise missing_access()
        thread.joined.setdefault(user.id, self._world.now())
        thread.changed()
        self._announce_members(thread, added=[user.id])
        return 204, None

    async def remove_from_thread(self, call: Call) -> Reply:
        """Put a person out of the thread."""
        thread, user_id = self._thread(call), self._user_id(call)
        if user_id != self._world.bot.id:
            self._may_remove(thread)
        if thread.joined.pop(user_id, None) is None:
            raise unknown("Member")
        thread.changed()
        self._announce_members(thread, removed=[user_id])
        return 204, None

    def _may_remove(self, thread: Channel) -> None:
        own = thread.kind is ChannelKind.PRIVATE_THREAD and thread.owner_id == self._world.bot.id
        if not own:
            self._world.require(thread, Can.MANAGE_THREADS)

    def _announce_members(
        self, thread: Channel, added: list[str] | None = None, removed: list[str] | None = None
    ) -> None:
        data: Json = {
            "id": thread.id,
            "guild_id": thread.guild_id,
            "member_count": len(thread.joined),
            "added_members": [payloads.thread_member(thread, user) for user in added or ()],
            "removed_member_ids": removed or [],
        }
        self._gateway.dispatch("THREAD_MEMBERS_UPDATE", data, thread.guild_id, Intent.GUILDS)
        self._world.changes.notify()
