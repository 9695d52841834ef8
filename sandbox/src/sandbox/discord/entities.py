"""The things Discord keeps: people, guilds, channels, messages and interactions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from sandbox.discord.errors import Json
from sandbox.keeping import Kept


class ChannelKind(IntEnum):
    """The channel types the stand-in knows."""

    TEXT = 0
    DM = 1
    CATEGORY = 4
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


THREADS = (ChannelKind.PUBLIC_THREAD, ChannelKind.PRIVATE_THREAD)


class InteractionKind(IntEnum):
    """Why an interaction was sent."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class Callback(IntEnum):
    """The kinds of first answer."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


class Progress(StrEnum):
    """How far the bot has come with an interaction."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    FAILED = "failed"


EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


@dataclass(slots=True)
class User(Kept):
    """A person or the bot."""

    id: str
    username: str
    display: str
    locale: str = "en-US"
    bot: bool = False
    dms_open: bool = True


@dataclass
class Role:
    """A named set of permissions in a guild.

    Without slots, so that one kept by an older sandbox has the defaults of what that did not know.
    """

    id: str
    name: str
    permissions: int
    position: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    bot_id: str | None = None
    """Whose role it is by itself, made when they joined: nobody can give, take or delete it."""


@dataclass(slots=True)
class Member(Kept):
    """A user's place in a guild."""

    user_id: str
    joined_at: datetime
    roles: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True)
class Overwrite:
    """What a channel allows or denies to one role (kind 0) or member (kind 1)."""

    id: str
    kind: int
    allow: int
    deny: int


@dataclass(slots=True)
class Guild(Kept):
    """A server."""

    id: str
    name: str
    owner_id: str
    locale: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Channel(Kept):
    """A guild channel, a thread or a direct conversation with the bot."""

    id: str
    kind: ChannelKind
    created_at: datetime
    guild_id: str | None = None
    name: str = ""
    topic: str | None = None
    parent_id: str | None = None
    position: int = 0
    overwrites: list[Overwrite] = field(default_factory=list)
    recipient_id: str | None = None
    owner_id: str | None = None
    joined: dict[str, datetime] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_minutes: int = 1440
    sent: int = 0
    pinned_at: datetime | None = None
    """When a message was pinned last."""
    messages: dict[str, "Message"] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        """Whether the channel hangs under another."""
        return self.kind in THREADS


@dataclass(slots=True)
class Attachment(Kept):
    """A stored file."""

    id: str
    filename: str
    content_type: str
    data: bytes
    path: str
    description: str | None = None
    ephemeral: bool = False


@dataclass(slots=True)
class Message(Kept):
    """One message and everything a client needs to show it."""

    id: str
    channel_id: str
    author_id: str
    created_at: datetime
    kind: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    mentions: list[str] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    reference: str | None = None
    nonce: str | int | None = None
    tts: bool = False
    edited_at: datetime | None = None
    edits: int = 0
    revision: int = 0
    shown_to: str | None = None
    interaction_id: str | None = None
    webhook_id: str | None = None
    webhook_name: str = ""
    pinned_at: datetime | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """Who reacted, by emoji."""

    @property
    def is_ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        """Whether it still says that the application is thinking."""
        return bool(self.flags & LOADING)


@dataclass(slots=True)
class Webhook(Kept):
    """A door into one channel, open to whoever has its token."""

    id: str
    token: str
    channel_id: str
    guild_id: str
    name: str
    user_id: str


@dataclass(slots=True)
class Interaction(Kept):
    """One act of a person towards the bot, and what came of it."""

    id: str
    token: str
    kind: InteractionKind
    user_id: str
    channel_id: str
    guild_id: str | None
    payload: Json
    created: float
    dispatched: float
    name: str = ""
    receivers: int = 0
    callback: Callback | None = None
    acknowledged_ms: float | None = None
    answered_ms: float | None = None
    late_ms: float | None = None
    original_id: str | None = None
    followups: list[str] = field(default_factory=list)
    modal: Json | None = None
    submits: list[str] = field(default_factory=list)
    choices: list[Json] | None = None
    source_message_id: str | None = None
    opener_id: str | None = None
    redelivered: int = 0
