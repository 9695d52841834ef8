"""What notifier tells discord-gateway to show, already in the reader's language."""

from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts_schema.ids import EntityId
from contracts_schema.message import Command


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ButtonStyle(StrEnum):
    """How a button looks; one primary per card, danger means irreversible."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    DANGER = "danger"


class PressButton(_Part):
    """A button that comes back as an interaction: discord-gateway signs verb and subject."""

    kind: Literal["press"] = "press"
    label: str = Field(min_length=1, max_length=80)
    verb: str = Field(pattern=r"^[a-z_]{2,24}$")
    subject: EntityId
    style: ButtonStyle = ButtonStyle.SECONDARY


class LinkButton(_Part):
    """A button that opens a page whose address is no secret."""

    kind: Literal["link"] = "link"
    label: str = Field(min_length=1, max_length=80)
    url: str = Field(pattern=r"^https?://", max_length=512)


class SecretLinkButton(_Part):
    """A button to a secret page: discord-gateway asks the owner for the address, as the reader.

    The owner answers ``POST <path>`` with ``{"url": …}``; the address is in no message or event.
    """

    kind: Literal["secret_link"] = "secret_link"
    label: str = Field(min_length=1, max_length=80)
    service: str
    path: str = Field(pattern=r"^/v1/[A-Za-z0-9_/-]+$")


class Fact(_Part):
    """One fact on a card."""

    name: str = Field(min_length=1, max_length=256)
    value: str = Field(min_length=1, max_length=1024)


class Card(_Part):
    """What a person sees: where the deal stands, whose turn, until when, what if nobody acts."""

    title: str = Field(min_length=1, max_length=256)
    body: str = Field(default="", max_length=3000)
    steps: str = Field(default="", max_length=200)
    turn: str = Field(default="", max_length=200)
    deadline: int | None = None
    """Unix seconds; shown by Discord in the reader's own time zone."""
    if_nobody_acts: str = Field(default="", max_length=300)
    fields: tuple[Fact, ...] = Field(default=(), max_length=10)
    image_url: str = ""
    buttons: tuple[PressButton | LinkButton | SecretLinkButton, ...] = Field(
        default=(), max_length=5
    )
    now: EntityId | None = None
    """What the reader is shown below, as its owner says that it stands when this is shown."""


class Target(_Part):
    """Where a card goes: the answer of an interaction, a person, or a channel."""

    kind: Literal["answer", "direct", "channel"]
    command_id: UUID | None = None
    discord_user_id: str | None = None
    channel_id: str | None = None
    guild_id: str | None = None


class Summary(_Part):
    """One card in the place of many that would tell the same person the like."""

    key: str = Field(min_length=1, max_length=160)
    """Cards of the same person with the same key may be told of together."""
    card: Card
    counted: str = Field(min_length=1, max_length=256)
    """What the number of them is called on the card."""


class Placed(_Part):
    """A card for one more place of the same person."""

    target: Target
    card: Card
    card_key: str = Field(default="", max_length=120)
    summary: Summary | None = None


class Deliver(Command):
    """Show this card there; a card with a key replaces the one shown under it before."""

    topic: ClassVar[str] = "discord.deliver.v1"

    delivery_id: EntityId
    target: Target
    card: Card
    card_key: str = Field(default="", max_length=120)
    revision: int = Field(default=0, ge=0, strict=True)
    """A card never replaces one of a higher revision under its key: messages may come unordered."""
    summary: Summary | None = None
    """What is shown instead where many like it wait for the same person; None: each is shown."""
    also: tuple[Placed, ...] = Field(default=(), max_length=3)
    """What the same person is shown elsewhere of the same thing that happened."""
