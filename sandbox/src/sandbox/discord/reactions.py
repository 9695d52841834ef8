"""Reactions under messages: a standard emoji each, by the bot or by people."""

import string
import unicodedata
from itertools import islice

from sandbox.discord import message_payloads, payloads
from sandbox.discord.entities import Channel, ChannelKind, Message, User
from sandbox.discord.errors import Form, Json, not_in_dm, too_many, unknown_emoji
from sandbox.discord.gateway import Gateway
from sandbox.discord.permissions import Can
from sandbox.discord.rate_limits import REACTIONS
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

ALL = "/channels/{channel_id}/messages/{message_id}/reactions"
ONE = ALL + "/{emoji}"
MOST_EMOJI = 20
PAGE, MOST = 25, 100
LONGEST = 40
KEYCAPS = "0123456789#*\ufe0f\u20e3"
SYMBOLS = ("So", "Sm", "Po", "Pd", "Me")


def is_emoji(text: str) -> bool:
    """Whether it is a standard emoji; the guilds that are played have none of their own."""
    if not 1 <= len(text) <= LONGEST or any(it in string.printable for it in text.rstrip(KEYCAPS)):
        return False
    return any(unicodedata.category(it) in SYMBOLS for it in text)


class Reactions:
    """Who reacted with what, and what the gateway tells of it."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def add(self, message: Message, emoji: str, user: User) -> None:
        """React; who did so before changes nothing."""
        who = message.reactions.get(emoji, [])
        if user.id in who:
            return
        if emoji not in message.reactions and len(message.reactions) >= MOST_EMOJI:
            raise too_many("reactions", MOST_EMOJI, 30010)
        message.reactions = {**message.reactions, emoji: [*who, user.id]}
        about: Json = {"user_id": user.id, "message_author_id": message.author_id}
        self._tell("MESSAGE_REACTION_ADD", message, {**about, **_one(emoji)}, user)

    def remove(self, message: Message, emoji: str, user_id: str) -> None:
        """Take one reaction back; where there is none nothing changes."""
        who = message.reactions.get(emoji, [])
        if user_id not in who:
            return
        rest = {**message.reactions, emoji: [it for it in who if it != user_id]}
        message.reactions = {it: left for it, left in rest.items() if left}
        self._tell("MESSAGE_REACTION_REMOVE", message, {"user_id": user_id, **_one(emoji)})

    def clear(self, message: Message, emoji: str | None = None) -> None:
        """Take all reactions away, or all with one emoji."""
        if emoji is None:
            message.reactions = {}
            self._tell("MESSAGE_REACTION_REMOVE_ALL", message, {})
        elif emoji in message.reactions:
            message.reactions = {it: who for it, who in message.reactions.items() if it != emoji}
            about = {"emoji": message_payloads.emoji(emoji)}
            self._tell("MESSAGE_REACTION_REMOVE_EMOJI", message, about)

    def _tell(self, event: str, message: Message, about: Json, by: User | None = None) -> None:
        channel = self._world.channels[message.channel_id]
        self._world.touch(message)
        data: Json = {"channel_id": channel.id, "message_id": message.id, **about}
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
            member = self._world.guilds[channel.guild_id].members.get(by.id) if by else None
            if member is not None:
                data["member"] = payloads.member(member, by)
        if self._world.sees(self._world.bot.id, channel):
            self._gateway.dispatch(event, data, channel.guild_id, _intent(channel))


def _one(emoji: str) -> Json:
    return {"emoji": message_payloads.emoji(emoji), "burst": False, "type": 0}


def _intent(channel: Channel) -> Intent:
    if channel.kind is ChannelKind.DM:
        return Intent.DIRECT_MESSAGE_REACTIONS
    return Intent.GUILD_MESSAGE_REACTIONS


class ReactionRest:
    """The routes of reactions."""

    def __init__(self, world: World, reactions: Reactions) -> None:
        self._world = world
        self._reactions = reactions

    def routes(self) -> list[Route]:
        """Own reactions before those of others, whose id `@me` is not."""
        own, theirs = ONE + "/@me", ONE + "/{user_id}"
        return [
            Route("PUT", own, self.add, REACTIONS),
            Route("DELETE", own, self.remove_own, REACTIONS),
            Route("DELETE", theirs, self.remove, REACTIONS),
            Route("GET", ONE, self.who),
            Route("DELETE", ONE, self.clear_one, REACTIONS),
            Route("DELETE", ALL, self.clear, REACTIONS),
        ]

    def _message(self, call: Call, needed: int = Can.VIEW_CHANNEL) -> Message:
        channel = self._world.channel(call.part("channel_id"))
        self._world.require(channel, Can.VIEW_CHANNEL)
        if needed & Can.MANAGE_MESSAGES and channel.kind is ChannelKind.DM:
            raise not_in_dm()
        self._world.require(channel, needed)
        return self._world.message(channel, call.part("message_id"))

    def _emoji(self, call: Call) -> str:
        if not is_emoji(emoji := call.part("emoji")):
            raise unknown_emoji()
        return emoji

    async def add(self, call: Call) -> Reply:
        """React as the bot; to be the first with an emoji takes a permission more."""
        message, emoji = self._message(call, Can.READ_MESSAGE_HISTORY), self._emoji(call)
        if emoji not in message.reactions:
            channel = self._world.channels[message.channel_id]
            self._world.require(channel, Can.ADD_REACTIONS)
        self._reactions.add(message, emoji, self._world.bot)
        return 204, None

    async def remove_own(self, call: Call) -> Reply:
        """Take the bot's reaction back."""
        message = self._message(call, Can.READ_MESSAGE_HISTORY)
        self._reactions.remove(message, self._emoji(call), self._world.bot.id)
        return 204, None

    async def remove(self, call: Call) -> Reply:
        """Take another's reaction away."""
        message, emoji = self._message(call, Can.MANAGE_MESSAGES), self._emoji(call)
        user = self._world.user(call.part("user_id"))
        self._reactions.remove(message, emoji, user.id)
        return 204, None

    async def who(self, call: Call) -> Reply:
        """Who reacted with an emoji, by id."""
        message, emoji = self._message(call, Can.READ_MESSAGE_HISTORY), self._emoji(call)
        given, after, form = (
            call.query.get("limit", str(PAGE)),
            call.query.get("after", "0"),
            Form(),
        )
        form.whole("limit", int(given) if given.isdigit() else -1, 1, MOST)
        if not after.isdigit():
            form.refuse("after", "NUMBER_TYPE_COERCE", f'Value "{after}" is not snowflake.')
        form.raise_if_refused()
        ids = sorted(message.reactions.get(emoji, []), key=int)
        # Reactions of the kind that bursts cost money, and nobody here has any.
        some = (it for it in ids if int(it) > int(after) and call.query.get("type", "0") == "0")
        users = [payloads.user(self._world.users[it]) for it in islice(some, int(given))]
        return 200, users

    async def clear_one(self, call: Call) -> Reply:
        """Take all reactions with one emoji away."""
        message = self._message(call, Can.MANAGE_MESSAGES)
        self._reactions.clear(message, self._emoji(call))
        return 204, None

    async def clear(self, call: Call) -> Reply:
        """Take all reactions away."""
        self._reactions.clear(self._message(call, Can.MANAGE_MESSAGES))
        return 204, None
