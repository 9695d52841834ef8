"""What became of the cards that were to be shown, and which message stands where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """What became of a delivery."""

    ANSWERED = "answered"
    FOLLOWED_UP = "followed_up"
    POSTED = "posted"
    EDITED = "edited"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message of the bot goes: a person's direct messages, or a channel."""

    kind: str
    id: str

    @property
    def key(self) -> str:
        """What card keys are kept under."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Posted:
    """The message that stands under a card key at a target."""

    target: str
    card_key: str
    channel_id: str
    message_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one order to show a card."""

    delivery_id: str
    outcome: Outcome
    reason_code: str = ""
    channel_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of an order, with what has to be remembered of it."""

    made: Delivery
    posted: Posted | None = None
    answers: UUID | None = None
    """The command that the person sees answered by it."""
