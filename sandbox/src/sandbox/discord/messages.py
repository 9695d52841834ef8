"""Writing, changing and deleting messages, each announced over the gateway."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.discord import attachments, message_payloads, payloads
from sandbox.discord.components import kept, walk
from sandbox.discord.entities import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    Attachment,
    Channel,
    ChannelKind,
    Message,
    User,
)
from sandbox.discord.errors import ApiError, Form, Json
from sandbox.discord.gateway import Gateway
from sandbox.discord.limits import Before, check_message, kept_embed
from sandbox.discord.message_payloads import REPLY
from sandbox.discord.permissions import Can
from sandbox.discord.rest import File
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)")
PINNED = 6
"""The kind of the system's message that tells of a pin."""
SENDABLE_FLAGS = (1 << 2) | (1 << 12) | COMPONENTS_V2


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message comes from besides its author: an interaction, for one person's eyes."""

    kind: int = 0
    interaction_id: str | None = None
    shown_to: str | None = None
    extra_flags: int = 0
    reference: str | None = None
    by_webhook: bool = False
    parse_by_default: tuple[str, ...] = ("users", "roles", "everyone")


PLAIN = Origin()


class Messages:
    """The one place that puts messages into channels."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def post(
        self,
        channel: Channel,
        author: User,
        body: Json,
        files: list[File],
        origin: Origin = PLAIN,
    ) -> Message:
        """Write a new message, or raise what Discord would answer."""
        if not origin.extra_flags & LOADING:
            check_message(body, len(files))
        world = self._world
        message = Message(
            world.ids.next(), channel.id, author.id, world.now(), kind=origin.kind,
            flags=((body.get("flags") or 0) & SENDABLE_FLAGS) | origin.extra_flags,
            interaction_id=origin.interaction_id, shown_to=origin.shown_to,
            reference=origin.reference, nonce=body.get("nonce"), tts=bool(body.get("tts")),
            webhook_id=author.id if origin.by_webhook else None,
            webhook_name=author.username if origin.by_webhook else "",
        )  # fmt: skip
        if reference := body.get("message_reference"):
            self._refer(channel, message, reference)
        self._fill(message, body, attachments.store(world, channel, files, body))
        self._mention(message, channel, body, origin.parse_by_default)
        world.keep_message(channel, message)
        self._announce("MESSAGE_CREATE", channel, message)
        return message

    def edit(self, message: Message, body: Json, files: list[File]) -> Message:
        """Change a message's given fields; what is not given stays."""
        world, channel = self._world, self._world.channels[message.channel_id]
        filled = bool(message.content or message.embeds or message.components) and not (
            {"content", "embeds", "components"} <= set(body)
        )
        was = message.flags & ~LOADING
        check_message(body, len(files), Before(was, filled or bool(message.attachments)))
        added = attachments.store(world, channel, files, body)
        given = (body.get("flags") or 0) & SENDABLE_FLAGS
        # IS_COMPONENTS_V2 and EPHEMERAL can never be taken from a message again.
        sticky = was & (COMPONENTS_V2 | EPHEMERAL)
        message.flags = (given if "flags" in body else was) | sticky
        message.attachments = attachments.kept_on_edit(message.attachments, body)
        self._fill(message, body, added)
        if "content" in body:
            self._mention(message, channel, body, ("users", "roles", "everyone"))
        message.edited_at = world.now()
        message.edits += 1
        world.touch(message)
        self._announce("MESSAGE_UPDATE", channel, message)
        return message

    def changed(self, message: Message) -> None:
        """Tell that a message is otherwise now, though nobody edited it."""
        self._world.touch(message)
        self._announce("MESSAGE_UPDATE", self._world.channels[message.channel_id], message)

    def note(self, channel: Channel, author: User, kind: int, about: Message) -> None:
        """Write a message of the system itself, on something that somebody did to another."""
        world = self._world
        message = Message(
            world.ids.next(), channel.id, author.id, world.now(), kind=kind, reference=about.id
        )
        world.keep_message(channel, message)
        self._announce("MESSAGE_CREATE", channel, message)

    def delete(self, message: Message) -> None:
        """Take a message away from everyone."""
        channel = self._world.channels[message.channel_id]
        self._world.forget_message(channel, message)
        data: Json = {"id": message.id, "channel_id": channel.id}
        if channel.guild_id:
            data["guild_id"] = channel.guild_id
        self._gateway.dispatch("MESSAGE_DELETE", data, channel.guild_id, _intent(channel))

    def payload(self, message: Message) -> Json:
        """The message as the REST API returns it."""
        return message_payloads.message(self._world, message)

    def _fill(self, message: Message, body: Json, files: list[Attachment]) -> None:
        message.attachments = [*message.attachments, *files]
        for file in files:
            file.ephemeral = message.is_ephemeral
        if "content" in body:
            message.content = body["content"] or ""
        if "embeds" in body:
            message.embeds = [kept_embed(embed) for embed in body["embeds"] or []]
        if "components" in body:
            message.components = kept(body["components"] or [], self._world.ids.next)
            self._link_files(message)

    def _link_files(self, message: Message) -> None:
        by_name = {f"attachment://{a.filename}": a for a in message.attachments}
        for component in walk(message.components):
            media = component.get("media") or component.get("file")
            if media and (found := by_name.get(media["url"])):
                media["url"] = media["proxy_url"] = self._world.base_url + found.path
                if "file" in component:
                    component |= {"name": found.filename, "size": len(found.data)}

    def _refer(self, channel: Channel, message: Message, reference: Json) -> None:
        target = str(reference.get("message_id"))
        if target in channel.messages:
            message.kind, message.reference = REPLY, target
        elif reference.get("fail_if_not_exists", True):
            form = Form()
            form.refuse("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.raise_if_refused()

    def _mention(
        self, message: Message, channel: Channel, body: Json, default: tuple[str, ...]
    ) -> None:
        allowed = body.get("allowed_mentions") or {"parse": default}
        parse = allowed.get("parse") or ()
        texts = [message.content, *(str(c.get("content", "")) for c in walk(message.components))]
        text = "\n".join(texts)
        users = [u for u in USER_MENTION.findall(text) if u in self._world.users]
        listed = {str(u) for u in allowed.get("users") or ()}
        message.mentions = _distinct(u for u in users if "users" in parse or u in listed)
        guild = self._world.guilds.get(channel.guild_id or "")
        roles = [r for r in ROLE_MENTION.findall(text) if guild and r in guild.roles]
        listed = {str(r) for r in allowed.get("roles") or ()}
        message.mention_roles = _distinct(r for r in roles if "roles" in parse or r in listed)
        rights = self._world.rights(channel, message.author_id)
        may = message.webhook_id is not None or bool(rights & Can.MENTION_EVERYONE)
        called = bool(EVERYONE.search(text)) and "everyone" in parse
        message.mention_everyone = called and may

    def _announce(self, event: str, channel: Channel, message: Message) -> None:
        data = self.payload(message)
        if channel.guild_id is not None:
            guild = self._world.guilds[channel.guild_id]
            data["guild_id"] = guild.id
            if member := guild.members.get(message.author_id):
                data["member"] = payloads.member(member, None)
        else:
            data["channel_type"] = int(ChannelKind.DM)
        if self._world.sees(self._world.bot.id, channel):
            hidden = self._content_is_hidden(channel, message)
            intent = _intent(channel)
            self._gateway.dispatch(event, data, channel.guild_id, intent, hidden)

    def _content_is_hidden(self, channel: Channel, message: Message) -> bool:
        bot = self._world.bot.id
        own = message.author_id == bot or bot in message.mentions
        return channel.kind is not ChannelKind.DM and not own


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _intent(channel: Channel) -> Intent:
    return Intent.DIRECT_MESSAGES if channel.kind is ChannelKind.DM else Intent.GUILD_MESSAGES


def require_own(world: World, message: Message) -> None:
    """Only its author may edit a message."""
    if message.author_id != world.bot.id:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
