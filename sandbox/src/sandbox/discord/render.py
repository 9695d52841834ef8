"""Messages as a person reads them: all text in one string, and what can be pressed."""

from collections.abc import Iterator

from sandbox.discord.components import BUTTON, SELECTS, TEXT, walk
from sandbox.discord.entities import Channel, ChannelKind, Message
from sandbox.discord.errors import Json
from sandbox.discord.message_payloads import attachment
from sandbox.discord.payloads import stamp
from sandbox.discord.state import World

KINDS = {
    ChannelKind.TEXT: "guild",
    ChannelKind.CATEGORY: "category",
    ChannelKind.DM: "dm",
    ChannelKind.PUBLIC_THREAD: "thread",
    ChannelKind.PRIVATE_THREAD: "private_thread",
}
STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium"}


def text_of(message: Message) -> str:
    """Content, embeds and text components, one under the other."""
    parts = [message.content, *(line for embed in message.embeds for line in _embed(embed))]
    parts += [c["content"] for c in walk(message.components) if c["type"] == TEXT]
    return "\n".join(part for part in parts if part)


def _embed(embed: Json) -> Iterator[str]:
    yield (embed.get("author") or {}).get("name", "")
    yield embed.get("title", "")
    yield embed.get("description", "")
    for field in embed.get("fields", ()):
        yield f"{field['name']}: {field['value']}"
    yield (embed.get("footer") or {}).get("text", "")


def buttons_of(message: Message) -> list[Json]:
    """Every button on the message."""
    return [
        {
            "label": button.get("label") or (button.get("emoji") or {}).get("name", ""),
            "custom_id": button.get("custom_id"),
            "url": button.get("url"),
            "disabled": bool(button.get("disabled")),
            "style": STYLES[button["style"]],
        }
        for button in walk(message.components)
        if button["type"] == BUTTON
    ]


def selects_of(message: Message) -> list[Json]:
    """Every select on the message."""
    return [
        {
            "custom_id": select["custom_id"],
            "placeholder": select.get("placeholder"),
            "options": select.get("options", []),
            "disabled": bool(select.get("disabled")),
        }
        for select in walk(message.components)
        if select["type"] in SELECTS
    ]


def view(world: World, message: Message) -> Json:
    """One message as the inbox shows it."""
    channel: Channel = world.channels[message.channel_id]
    author = world.author(message)
    return {
        "id": message.id,
        "channel_id": channel.id,
        "channel": {"id": channel.id, "name": channel.name, "kind": KINDS[channel.kind]},
        "guild_id": channel.guild_id,
        "author": {"id": author.id, "name": author.username, "bot": author.bot},
        "text": text_of(message),
        "buttons": buttons_of(message),
        "selects": selects_of(message),
        "attachments": [attachment(a, world.base_url) for a in message.attachments],
        "mentions": list(message.mentions),
        "reactions": {emoji: list(who) for emoji, who in message.reactions.items()},
        "pinned": message.pinned_at is not None,
        "reply_to": message.reference,
        "interaction_id": message.interaction_id,
        "flags": message.flags,
        "ephemeral": message.is_ephemeral,
        "loading": message.is_loading,
        "edits": message.edits,
        "revision": message.revision,
        "created_at": stamp(message.created_at),
        "edited_at": stamp(message.edited_at) if message.edited_at else None,
    }
