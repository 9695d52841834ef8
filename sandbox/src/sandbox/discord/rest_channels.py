"""Channels and their messages."""

from datetime import timedelta
from itertools import islice

from sandbox.discord import payloads
from sandbox.discord.entities import Channel, ChannelKind, Message
from sandbox.discord.errors import ApiError, Form, Json, dms_closed, not_in_dm, unknown
from sandbox.discord.gateway import Gateway
from sandbox.discord.messages import Messages, require_own
from sandbox.discord.permissions import WRITABLE, Can, needed_to_send
from sandbox.discord.rate_limits import DELETES, EDITS, MESSAGES
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.rest_guilds import overwrites_of
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

CHANNEL = "/channels/{channel_id}"
ONE = CHANNEL + "/messages/{message_id}"
NONCE_KEPT = timedelta(minutes=3)
PAGE, MOST = 50, 100


class ChannelRest:
    """What the bot does in channels it can see."""

    def __init__(self, world: World, messages: Messages, gateway: Gateway) -> None:
        self._world = world
        self._messages = messages
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Channel and message routes."""
        return [
            Route("GET", CHANNEL, self.read),
            Route("PATCH", CHANNEL, self.change),
            Route("DELETE", CHANNEL, self.remove),
            Route("POST", CHANNEL + "/typing", self.type),
            Route("GET", CHANNEL + "/messages", self.history),
            Route("POST", CHANNEL + "/messages", self.post, MESSAGES),
            Route("GET", ONE, self.message),
            Route("PATCH", ONE, self.edit, EDITS),
            Route("DELETE", ONE, self.delete, DELETES),
            Route("POST", CHANNEL + "/messages/bulk-delete", self.delete_many),
        ]

    def _channel(self, call: Call, needed: int = Can.VIEW_CHANNEL) -> Channel:
        channel = self._world.channel(call.part("channel_id"))
        self._world.require(channel, needed)
        return channel

    def _one(self, call: Call, needed: int = Can.VIEW_CHANNEL) -> Message:
        return self._world.message(self._channel(call, needed), call.part("message_id"))

    async def read(self, call: Call) -> Reply:
        """One channel."""
        return 200, payloads.channel(self._world, self._channel(call))

    async def change(self, call: Call) -> Reply:
        """Rename, move, archive or re-permission a channel."""
        channel = self._channel(call)
        if channel.kind is ChannelKind.DM:
            raise not_in_dm()
        needed = Can.MANAGE_THREADS if channel.is_thread else Can.MANAGE_CHANNELS
        if not (channel.is_thread and channel.owner_id == self._world.bot.id):
            self._world.require(channel, needed)
        _change(channel, call.form)
        self._announce("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)
        return 200, payloads.channel(self._world, channel)

    async def remove(self, call: Call) -> Reply:
        """Delete a channel or thread with all it holds; a DM is only closed."""
        channel = self._channel(call)
        body = payloads.channel(self._world, channel)
        if channel.kind is ChannelKind.DM:
            return 200, body
        self._world.require(
            channel, Can.MANAGE_THREADS if channel.is_thread else Can.MANAGE_CHANNELS
        )
        self.delete_channel(channel)
        return 200, body

    def delete_channel(self, channel: Channel) -> None:
        """Take the channel away from everyone."""
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self._announce(event, channel)
        self._world.forget_channel(channel)

    def _announce(self, event: str, channel: Channel) -> None:
        data = payloads.channel(self._world, channel)
        self._gateway.dispatch(event, data, channel.guild_id, Intent.GUILDS)

    async def type(self, call: Call) -> Reply:
        """Show that the bot is writing."""
        self._channel(call, Can.SEND_MESSAGES)
        return 204, None

    async def history(self, call: Call) -> Reply:
        """Messages, newest first."""
        channel = self._channel(call, Can.READ_MESSAGE_HISTORY)
        found = _page(channel, call.query)
        return 200, [self._messages.payload(message) for message in found]

    async def post(self, call: Call) -> Reply:
        """Write as the bot."""
        channel = self._channel(call)
        if channel.kind not in WRITABLE:
            raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
        self._world.require(channel, needed_to_send(channel))
        if channel.kind is ChannelKind.DM:
            if not self._world.user(channel.recipient_id or "").dms_open:
                raise dms_closed()
        elif channel.archived:
            channel.archived = False
        if (sent := self._sent_before(channel, call.form)) is not None:
            return 200, self._messages.payload(sent)
        message = self._messages.post(channel, self._world.bot, call.form, call.files)
        return 200, self._messages.payload(message)

    def _sent_before(self, channel: Channel, body: Json) -> Message | None:
        """The bot's message of the last minutes with this nonce, if the nonce is enforced."""
        nonce, since = body.get("nonce"), self._world.now() - NONCE_KEPT
        if not body.get("enforce_nonce") or nonce is None:
            return None
        same = (m for m in channel.messages.values() if str(m.nonce) == str(nonce))
        return next((m for m in same if m.created_at >= since), None)

    async def message(self, call: Call) -> Reply:
        """One message."""
        return 200, self._messages.payload(self._one(call, Can.READ_MESSAGE_HISTORY))

    async def edit(self, call: Call) -> Reply:
        """Change a message of the bot."""
        message = self._one(call)
        require_own(self._world, message)
        return 200, self._messages.payload(self._messages.edit(message, call.form, call.files))

    async def delete(self, call: Call) -> Reply:
        """Delete a message; another's only with MANAGE_MESSAGES, and never in a DM."""
        message = self._one(call)
        self._may_delete(message)
        self._messages.delete(message)
        return 204, None

    def _may_delete(self, message: Message) -> None:
        if message.author_id == self._world.bot.id:
            return
        channel = self._world.channel(message.channel_id)
        if channel.kind is ChannelKind.DM:
            raise not_in_dm()
        self._world.require(channel, Can.MANAGE_MESSAGES)

    async def delete_many(self, call: Call) -> Reply:
        """Delete up to 100 messages at once."""
        channel = self._channel(call, Can.MANAGE_MESSAGES)
        for message_id in call.form.get("messages") or ():
            if (message := channel.messages.get(str(message_id))) is not None:
                self._messages.delete(message)
        return 204, None


def _change(channel: Channel, body: Json) -> None:
    form = Form()
    if "name" in body:
        form.text("name", body["name"], 1, 100)
    if body.get("topic") is not None:
        form.text("topic", body["topic"], 0, 1024)
    form.raise_if_refused()
    channel.name = body.get("name", channel.name)
    channel.topic = body.get("topic", channel.topic)
    channel.position = body.get("position", channel.position)
    channel.archived = body.get("archived", channel.archived)
    channel.locked = body.get("locked", channel.locked)
    channel.auto_archive_minutes = body.get("auto_archive_duration", channel.auto_archive_minutes)
    if "parent_id" in body and not channel.is_thread:
        channel.parent_id = body["parent_id"] and str(body["parent_id"])
    if "permission_overwrites" in body:
        channel.overwrites = overwrites_of(body["permission_overwrites"])


def _page(channel: Channel, query: dict[str, str]) -> list[Message]:
    limit = query.get("limit", str(PAGE))
    form = Form()
    form.whole("limit", int(limit) if limit.isdigit() else -1, 1, MOST)
    for name in ("before", "after", "around"):
        if not query.get(name, "0").isdigit():
            form.refuse(name, "NUMBER_TYPE_COERCE", f'Value "{query[name]}" is not snowflake.')
    form.raise_if_refused()
    seen = [m for m in channel.messages.values() if not m.is_ephemeral]
    if "before" in query:
        seen = [m for m in seen if int(m.id) < int(query["before"])]
    if "after" in query:
        seen = list(islice((m for m in seen if int(m.id) > int(query["after"])), int(limit)))
    elif "around" in query:
        seen = _around(seen, query["around"], int(limit))
    return list(reversed(seen[-int(limit) :]))


def _around(seen: list[Message], middle: str, limit: int) -> list[Message]:
    before = [m for m in seen if int(m.id) <= int(middle)]
    start = max(len(before) - 1 - limit // 2, 0)
    if not before:
        raise unknown("Message")
    return seen[start : start + limit]
