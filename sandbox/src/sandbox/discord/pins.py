"""Pinned messages, by the paths of today and by those of before."""

from datetime import UTC, datetime

from sandbox.discord.entities import Channel, ChannelKind, Message
from sandbox.discord.errors import ApiError, Form, Json, too_many
from sandbox.discord.gateway import Gateway
from sandbox.discord.message_payloads import REPLY
from sandbox.discord.messages import PINNED, Messages
from sandbox.discord.payloads import stamp
from sandbox.discord.permissions import Can
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

CHANNEL = "/channels/{channel_id}"
PATHS = (CHANNEL + "/messages/pins", CHANNEL + "/pins")
MOST_PINS = 250
PAGE = 50
WRITTEN = (0, REPLY, 20, 23)
"""The kinds of messages that somebody wrote, not the system."""


class PinRest:
    """The routes of pins."""

    def __init__(self, world: World, messages: Messages, gateway: Gateway) -> None:
        self._world = world
        self._messages = messages
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Before the route of one message, whose id `pins` is not."""
        new, old = PATHS
        changing = [
            route
            for path in PATHS
            for route in (
                Route("PUT", path + "/{message_id}", self.pin),
                Route("DELETE", path + "/{message_id}", self.unpin),
            )
        ]
        return [Route("GET", new, self.page), Route("GET", old, self.all), *changing]

    def _pinned(self, call: Call) -> list[Message]:
        """The channel's pinned messages, the last pinned first; none for whom reads no history."""
        channel = self._world.channel(call.part("channel_id"))
        self._world.require(channel, Can.VIEW_CHANNEL)
        if not self._world.rights(channel, self._world.bot.id) & Can.READ_MESSAGE_HISTORY:
            return []
        return _in_order(channel)

    async def all(self, call: Call) -> Reply:
        """The pinned messages, as they were listed before there were pages."""
        return 200, [self._messages.payload(it) for it in self._pinned(call)[:PAGE]]

    async def page(self, call: Call) -> Reply:
        """The pinned messages that were pinned before a moment, each with its own."""
        limit, before = _asked(call.query)
        found = [it for it in self._pinned(call) if before is None or _moment(it) < before]
        items = [
            {"pinned_at": stamp(_moment(it)), "message": self._messages.payload(it)}
            for it in found[:limit]
        ]
        return 200, {"items": items, "has_more": len(found) > limit}

    def _one(self, call: Call) -> tuple[Channel, Message]:
        channel = self._world.channel(call.part("channel_id"))
        self._world.require(channel, Can.VIEW_CHANNEL)
        if channel.kind is not ChannelKind.DM:
            self._world.require(channel, Can.PIN_MESSAGES)
        return channel, self._world.message(channel, call.part("message_id"))

    async def pin(self, call: Call) -> Reply:
        """Pin a message, which the channel is told of."""
        channel, message = self._one(call)
        if message.kind not in WRITTEN:
            raise ApiError(403, 50021, "Cannot execute action on a system message")
        if message.pinned_at is None:
            if len(_in_order(channel)) >= MOST_PINS:
                raise too_many("pins for the channel", MOST_PINS, 30003)
            message.pinned_at = channel.pinned_at = self._world.now()
            self._tell(channel, message)
            self._messages.note(channel, self._world.bot, PINNED, message)
        return 204, None

    async def unpin(self, call: Call) -> Reply:
        """Take a message from the pinned ones."""
        channel, message = self._one(call)
        if message.pinned_at is not None:
            message.pinned_at = None
            left = _in_order(channel)
            channel.pinned_at = _moment(left[0]) if left else None
            self._tell(channel, message)
        return 204, None

    def _tell(self, channel: Channel, message: Message) -> None:
        self._messages.changed(message)
        last = channel.pinned_at
        data: Json = {
            "channel_id": channel.id,
            "last_pin_timestamp": stamp(last) if last else None,
        }
        intent = Intent.DIRECT_MESSAGES
        if channel.guild_id is not None:
            intent, data["guild_id"] = Intent.GUILDS, channel.guild_id
        self._gateway.dispatch("CHANNEL_PINS_UPDATE", data, channel.guild_id, intent)


def _in_order(channel: Channel) -> list[Message]:
    pinned = [it for it in channel.messages.values() if it.pinned_at is not None]
    return sorted(pinned, key=lambda it: (_moment(it), int(it.id)), reverse=True)


def _moment(message: Message) -> datetime:
    return message.pinned_at or message.created_at


def _asked(query: dict[str, str]) -> tuple[int, datetime | None]:
    form, limit, before = Form(), query.get("limit", str(PAGE)), None
    form.whole("limit", int(limit) if limit.isdigit() else -1, 1, PAGE)
    if "before" in query:
        try:
            given = datetime.fromisoformat(query["before"])
            before = given if given.tzinfo else given.replace(tzinfo=UTC)
        except ValueError:
            form.refuse("before", "DATETIME_TYPE_PARSE", f"Could not parse {query['before']}.")
    form.raise_if_refused()
    return int(limit), before
