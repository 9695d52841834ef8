"""People before their Discord clients: they type, press, choose and submit what is really there."""

import base64
import binascii
from typing import Any

from sandbox.discord import message_payloads
from sandbox.discord.attachments import store
from sandbox.discord.command_limits import MESSAGE_MENU, USER_MENU
from sandbox.discord.components import BUTTON, LINK, SELECTS, STRING_SELECT, walk
from sandbox.discord.entities import (
    THREADS,
    Channel,
    ChannelKind,
    Guild,
    Interaction,
    InteractionKind,
    Message,
    Progress,
    User,
)
from sandbox.discord.errors import ApiError, Json
from sandbox.discord.interactions import Act, Interactions
from sandbox.discord.invocations import Typed, invoke, menu, resolved_user
from sandbox.discord.messages import Messages
from sandbox.discord.modals import FILE_UPLOAD, BadEntry, fields, filled
from sandbox.discord.permissions import Can, needed_to_send
from sandbox.discord.reactions import Reactions, is_emoji
from sandbox.discord.refusals import Refused
from sandbox.discord.rest import File
from sandbox.discord.state import World


class People:
    """Every act a person can do towards the bot."""

    def __init__(
        self,
        world: World,
        interactions: Interactions,
        messages: Messages,
        reactions: Reactions,
    ) -> None:
        self._world = world
        self._interactions = interactions
        self._messages = messages
        self._reactions = reactions

    def person(self, reference: object) -> User:
        """A person by id or name."""
        user = self._world.find_user(reference)
        if user is None or user.bot:
            raise Refused(404, f"no person {reference!r}; make one by POST /control/discord/users")
        return user

    def guild(self, reference: object) -> Guild:
        """A guild by id or name."""
        guild = self._world.find_guild(reference)
        if guild is None:
            raise Refused(404, f"no guild {reference!r}; make one by POST /control/discord/guilds")
        return guild

    def place(self, user: User, body: Json) -> Channel:
        """Where the person acts: `channel`, else the first text channel of `guild`, else the DM."""
        guild = self.guild(body["guild"]) if body.get("guild") is not None else None
        if body.get("channel") is not None:
            channel = self._world.find_channel(body["channel"], guild)
        elif guild is not None:
            texts = (c for c in self._world.channels_of(guild) if c.kind is ChannelKind.TEXT)
            channel = next((c for c in texts if self._world.sees(user.id, c)), None)
        else:
            channel = self._world.direct(user)
        if channel is None or not self._world.sees(user.id, channel):
            raise Refused(404, f"{user.username} sees no such channel; join by /members first")
        return channel

    def command(self, body: Json) -> Interaction:
        """Type a slash command, or choose a context menu entry on a user or message."""
        user = self.person(body.get("user"))
        typed = Typed(user, self.place(user, body), _words(body), body.get("options") or {})
        if body.get("target_user") is not None or body.get("target_message") is not None:
            data = self._menu(typed, body)
        else:
            data = invoke(self._world, typed, self.upload)
        act = Act(InteractionKind.COMMAND, data, name=typed.words)
        return self._interactions.send(user, typed.channel, act)

    def _menu(self, typed: Typed, body: Json) -> Json:
        if body.get("target_user") is not None:
            target = self._world.find_user(body["target_user"])
            if target is None:
                raise Refused(404, f"no user {body['target_user']!r}")
            resolved = resolved_user(self._world, target, typed.channel, {})
            return menu(self._world, typed, USER_MENU, (target.id, resolved))
        message = self._seen(typed.user, body["target_message"])
        resolved = {"messages": {message.id: message_payloads.message(self._world, message)}}
        return menu(self._world, typed, MESSAGE_MENU, (message.id, resolved))

    def autocomplete(self, body: Json) -> Interaction:
        """Type into an option that asks the bot for choices."""
        user = self.person(body.get("user"))
        channel, focused = self.place(user, body), body.get("focused")
        if not isinstance(focused, str):
            raise Refused(400, "focused: name the option that is typed into")
        typed = Typed(user, channel, _words(body), body.get("options") or {}, focused)
        data = invoke(self._world, typed, self.upload)
        act = Act(InteractionKind.AUTOCOMPLETE, data)
        return self._interactions.send(user, channel, act)

    def press(self, body: Json) -> Interaction | str:
        """Press a button or choose in a select; a link button gives its address instead."""
        user = self.person(body.get("user"))
        message = self._seen(user, body.get("message_id"))
        component = _component(message, body.get("custom_id"), body.get("label"))
        if component.get("disabled"):
            raise Refused(409, f"{_name(component)!r} is disabled")
        if component["type"] == BUTTON and component["style"] == LINK:
            return str(component["url"])
        data: Json = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": component["id"],
        }
        channel = self._world.channels[message.channel_id]
        if component["type"] in SELECTS:
            data |= self._chosen(user, channel, component, body.get("values"))
        act = Act(InteractionKind.COMPONENT, data, message=message)
        return self._interactions.send(user, channel, act)

    def _chosen(self, user: User, channel: Channel, select: Json, values: object) -> Json:
        if not isinstance(values, list):
            raise Refused(400, "values: a select needs a list of chosen values")
        least, most = select["min_values"], select["max_values"]
        if not least <= len(values) <= most:
            raise Refused(400, f"values: choose {least} to {most}")
        if select["type"] == STRING_SELECT:
            by_name = {o["label"]: o["value"] for o in select["options"]}
            chosen = [by_name.get(value, value) for value in values]
            if wrong := set(chosen) - {o["value"] for o in select["options"]}:
                raise Refused(
                    400, f"values: no option {sorted(map(str, wrong))}; there are {list(by_name)}"
                )
            return {"values": chosen}
        resolved: Json = {}
        for value in values:
            resolved = resolved_user(self._world, self.person(value), channel, resolved)
        return {"values": list(resolved.get("users", {})), "resolved": resolved}

    def submit(self, body: Json) -> Interaction:
        """Fill in the modal that an interaction opened, and send it."""
        user = self.person(body.get("user"))
        opener = self._world.interactions.get(str(body.get("interaction_id")))
        if opener is None or opener.user_id != user.id:
            raise Refused(404, f"{user.username} has no interaction {body.get('interaction_id')!r}")
        if opener.modal is None:
            raise Refused(409, "that interaction has opened no modal")
        sent = [self._world.interactions[i] for i in opener.submits]
        if any(self._interactions.progress(s) is not Progress.FAILED for s in sent):
            raise Refused(409, "the modal was submitted and is closed")
        values = body.get("values") or {}
        if not isinstance(values, dict):
            raise Refused(400, "values: an object of custom_id or label to entry is needed")
        channel = self._world.channels.get(opener.channel_id)
        if channel is None or not self._world.sees(user.id, channel):
            raise Refused(409, f"{user.username} no longer sees the channel")
        data = self._submission(opener.modal, values, channel)
        message = self._world.messages.get(opener.source_message_id or "")
        act = Act(InteractionKind.MODAL_SUBMIT, data, message=message, opener=opener)
        interaction = self._interactions.send(user, channel, act)
        opener.submits = [*opener.submits, interaction.id]
        return interaction

    def _submission(self, modal: Json, values: dict[str, Any], channel: Channel) -> Json:
        uploads: Json = {}
        for label, field in fields(modal):
            for key in (field["custom_id"], label):
                if field["type"] == FILE_UPLOAD and key in values:
                    given = values[key] if isinstance(values[key], list) else [values[key]]
                    files = [self.upload(file, channel) for file in given]
                    values = {**values, key: files}
                    stored = (self._world.attachments[i] for i in files)
                    uploads |= {
                        a.id: message_payloads.attachment(a, self._world.base_url) for a in stored
                    }
        try:
            components = filled(modal, values)
        except BadEntry as error:
            raise Refused(400, str(error)) from error
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        return data | ({"resolved": {"attachments": uploads}} if uploads else {})

    def write(self, body: Json) -> Message:
        """Write an ordinary message."""
        user = self.person(body.get("user"))
        channel = self.place(user, body)
        needed = needed_to_send(channel)
        if self._world.rights(channel, user.id) & needed != needed:
            raise Refused(403, f"{user.username} may not write in this channel")
        message: Json = {"content": body.get("content", "")}
        if body.get("reply_to") is not None:
            message["message_reference"] = {"message_id": str(body["reply_to"])}
        files = [_file(file, i) for i, file in enumerate(body.get("files") or ())]
        try:
            return self._messages.post(channel, user, message, files)
        except ApiError as error:
            raise Refused(400, f"{error.message} {error.errors or ''}".strip()) from error

    def delete(self, body: Json) -> None:
        """Delete an own message, or dismiss an ephemeral one."""
        user = self.person(body.get("user"))
        message = self._seen(user, body.get("message_id"))
        if user.id not in (message.author_id, message.shown_to):
            raise Refused(403, "one can delete own messages and dismiss ephemeral ones only")
        self._messages.delete(message)

    def react(self, body: Json) -> Message:
        """React to a message with an emoji, or take it back."""
        user, emoji = self.person(body.get("user")), body.get("emoji")
        message = self._seen(user, body.get("message_id"))
        if not isinstance(emoji, str) or not is_emoji(emoji):
            raise Refused(400, "emoji: a standard emoji is needed")
        rights = self._world.rights(self._world.channels[message.channel_id], user.id)
        if body.get("remove") is True:
            self._reactions.remove(message, emoji, user.id)
        elif emoji not in message.reactions and not rights & Can.ADD_REACTIONS:
            raise Refused(403, f"{user.username} may not react first in this channel")
        else:
            self._reactions.add(message, emoji, user)
        return message

    def leave_thread(self, body: Json) -> None:
        """Leave a thread."""
        user = self.person(body.get("user"))
        channel = self.place(user, body)
        if channel.kind not in THREADS or channel.joined.pop(user.id, None) is None:
            raise Refused(409, f"{user.username} is in no such thread")
        channel.changed()

    def upload(self, file: Any, channel: Channel) -> str:
        """Keep a file the person attaches; returns its id."""
        return store(self._world, channel, [_file(file, 0)], {})[0].id

    def _seen(self, user: User, message_id: object) -> Message:
        message = self._world.messages.get(str(message_id))
        if message is None or not self._world.shows(user.id, message):
            raise Refused(404, f"{user.username} sees no message {message_id!r}")
        return message


def _words(body: Json) -> str:
    words = body.get("command")
    if not isinstance(words, str) or not words.strip("/ "):
        raise Refused(400, "command: the words after the slash are needed, e.g. 'listing create'")
    return words.strip("/ ")


def _name(component: Json) -> str:
    return str(component.get("label") or component.get("custom_id"))


def _component(message: Message, custom_id: object, label: object) -> Json:
    pressable = [c for c in walk(message.components) if c["type"] in (BUTTON, *SELECTS)]
    for component in pressable:
        by_id = custom_id is not None and component.get("custom_id") == custom_id
        if by_id or (label is not None and component.get("label") == label):
            return component
    names = [_name(component) for component in pressable]
    wanted = custom_id if custom_id is not None else label
    raise Refused(404, f"the message has no {wanted!r}; it has {names}")


def _file(file: Any, number: int) -> File:
    if not isinstance(file, dict) or not isinstance(file.get("filename"), str):
        raise Refused(400, "a file is {filename, content or content_b64, content_type?}")
    try:
        encoded = file.get("content_b64")
        data = base64.b64decode(encoded) if encoded else str(file.get("content", "")).encode()
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "content_b64 is not base64") from error
    kind = file.get("content_type", "application/octet-stream")
    return File(f"files[{number}]", file["filename"], kind, data)
