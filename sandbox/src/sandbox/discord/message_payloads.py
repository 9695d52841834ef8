"""Messages and their files in the words of the REST API and the gateway."""

from sandbox.discord import payloads
from sandbox.discord.entities import Attachment, Message
from sandbox.discord.errors import Json
from sandbox.discord.state import World

REPLY = 19


def attachment(of: Attachment, base_url: str) -> Json:
    """A file that hangs on a message."""
    body: Json = {
        "id": of.id,
        "filename": of.filename,
        "size": len(of.data),
        "url": base_url + of.path,
        "proxy_url": base_url + of.path,
        "content_type": of.content_type,
    }
    if of.description is not None:
        body["description"] = of.description
    return {**body, "ephemeral": True} if of.ephemeral else body


def message(world: World, of: Message) -> Json:
    """A message with its author, mentions and origin."""
    body: Json = {
        "id": of.id,
        "channel_id": of.channel_id,
        "type": of.kind,
        "content": of.content,
        "author": payloads.user(world.author(of)),
        "timestamp": payloads.stamp(of.created_at),
        "edited_timestamp": payloads.stamp(of.edited_at) if of.edited_at else None,
        "tts": of.tts,
        "mention_everyone": of.mention_everyone,
        "mentions": [payloads.user(world.users[i]) for i in of.mentions],
        "mention_roles": list(of.mention_roles),
        "attachments": [attachment(a, world.base_url) for a in of.attachments],
        "embeds": of.embeds,
        "components": of.components,
        "pinned": of.pinned_at is not None,
        "flags": of.flags,
    }
    if of.reactions:
        body["reactions"] = [reaction(world, it, who) for it, who in of.reactions.items()]
    if of.webhook_id is not None:
        body["webhook_id"] = of.webhook_id
    if of.nonce is not None:
        body["nonce"] = of.nonce
    if of.reference is not None:
        body |= _reference(world, of)
    if of.interaction_id is not None:
        body |= _origin(world, of)
    return body


def emoji(name: str) -> Json:
    """A standard emoji; a guild's own are not played."""
    return {"id": None, "name": name}


def reaction(world: World, name: str, who: list[str]) -> Json:
    """How often one emoji stands under a message."""
    return {
        "emoji": emoji(name),
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me": world.bot.id in who,
        "me_burst": False,
    }


def _reference(world: World, of: Message) -> Json:
    channel_ = world.channels[of.channel_id]
    reference: Json = {"type": 0, "channel_id": of.channel_id, "message_id": of.reference}
    if channel_.guild_id is not None:
        reference["guild_id"] = channel_.guild_id
    body: Json = {"message_reference": reference}
    if of.kind == REPLY:
        target = channel_.messages.get(of.reference or "")
        shallow = target and {**message(world, target)}
        for key in ("message_reference", "referenced_message"):
            if shallow:
                shallow.pop(key, None)
        body["referenced_message"] = shallow
    return body


def _origin(world: World, of: Message) -> Json:
    interaction = world.interactions[of.interaction_id or ""]
    body: Json = {
        "webhook_id": world.application_id,
        "application_id": world.application_id,
        "interaction_metadata": interaction_metadata(world, interaction.id, of),
    }
    if interaction.name:
        body["interaction"] = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "name": interaction.name,
            "user": payloads.user(world.users[interaction.user_id]),
        }
    return body


def interaction_metadata(world: World, interaction_id: str, of: Message) -> Json:
    """Which act of whom a message answers."""
    interaction = world.interactions[interaction_id]
    body: Json = {
        "id": interaction.id,
        "type": int(interaction.kind),
        "user": payloads.user(world.users[interaction.user_id]),
        "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
    }
    if interaction.original_id not in (None, of.id):
        body["original_response_message_id"] = interaction.original_id
    if interaction.opener_id is not None:
        opener = interaction_metadata(world, interaction.opener_id, of)
        body["triggering_interaction_metadata"] = opener
    elif interaction.source_message_id is not None:
        body["interacted_message_id"] = interaction.source_message_id
    return body
