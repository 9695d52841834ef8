"""Which of Discord's things are kept, and how they find each other again."""

from typing import Any

from sandbox.discord.entities import (
    Attachment,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    User,
    Webhook,
)
from sandbox.discord.errors import Json
from sandbox.keeping import Keeper, Table


class Memory:
    """The tables of everything that outlives the process."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.users: Table[str, User] = keeper.table(
            "discord users", User.told, lambda kept: User(**kept)
        )
        self.guilds: Table[str, Guild] = keeper.table(
            "discord guilds", lambda guild: guild.told("members"), self._guild
        )
        self.channels: Table[str, Channel] = keeper.table(
            "discord channels",
            lambda channel: channel.told("messages"),
            lambda kept: Channel(**kept),
        )
        self.attachments: Table[str, Attachment] = keeper.table(
            "discord attachments", Attachment.told, lambda kept: Attachment(**kept)
        )
        self.messages: Table[str, Message] = keeper.table(
            "discord messages",
            lambda message: {**message.told(), "attachments": [a.id for a in message.attachments]},
            self._message,
        )
        self.webhooks: Table[str, Webhook] = keeper.table(
            "discord webhooks", Webhook.told, lambda kept: Webhook(**kept)
        )
        self.interactions: Table[str, Interaction] = keeper.table(
            "discord interactions", Interaction.told, lambda kept: Interaction(**kept)
        )
        self.commands: Table[str | None, dict[str, Json]] = keeper.table("discord commands")

    def _guild(self, kept: dict[str, Any]) -> Guild:
        return Guild(**kept, members=members_of(self._keeper, kept["id"]))

    def _message(self, kept: dict[str, Any]) -> Message:
        files = [self.attachments[it] for it in kept["attachments"]]
        message = Message(**{**kept, "attachments": files})
        self.channels[message.channel_id].messages[message.id] = message
        return message


def members_of(keeper: Keeper, guild_id: str) -> Table[str, Member]:
    """The members of a guild: a table of its own, because they are many and change one by one."""
    return keeper.table(f"discord members {guild_id}", Member.told, lambda kept: Member(**kept))
