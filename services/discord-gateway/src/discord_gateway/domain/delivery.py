"""What became of the cards that were to be shown, and which message stands where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from contracts_schema.commands.discord import Deliver
from contracts_schema.ids import derive_id

from discord_gateway.domain.interaction import Pending


class Outcome(StrEnum):
    """What became of a delivery."""

    ANSWERED = "answered"
    FOLLOWED_UP = "followed_up"
    POSTED = "posted"
    EDITED = "edited"
    SUPERSEDED = "superseded"
    SUMMED_UP = "summed_up"
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
class Known:
    """What is known here of a delivery before it is made."""

    made: bool = False
    """It was made already: the order came again."""
    standing: Posted | None = None
    """The message that stands in its place."""
    waiting: Pending | None = None
    """The interaction that it can still answer."""
    channel_id: str = ""
    """Where other cards of the same line stand, if any do."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a delivery, with what has to be remembered of it."""

    delivery_id: str
    outcome: Outcome
    reason_code: str = ""
    channel_id: str = ""
    message_id: str = ""
    answers: UUID | None = None
    """The command that the person sees answered by it."""
    posted: Posted | None = None


def deliveries_of(command: Deliver) -> list[Deliver]:
    """One delivery for each place that the order names, each with an id of its own."""
    more = (
        Deliver(
            delivery_id=derive_id("dlv", command.delivery_id, str(number)),
            target=placed.target,
            card=placed.card,
            card_key=placed.card_key,
            summary=placed.summary,
            revision=command.revision,
        )
        for number, placed in enumerate(command.also, 1)
    )
    return [command.model_copy(update={"also": ()}), *more]


def place_of(delivery: Deliver, reader: str) -> Place:
    """Where a message of the bot would go; a reader who is nowhere else is in their messages."""
    target = delivery.target
    if target.kind == "channel" and target.channel_id:
        return Place("channel", target.channel_id)
    return Place("direct", target.discord_user_id or reader)


def line_of(delivery: Deliver, reader: str) -> str:
    """Cards with the same word here are shown one after the other, in the order they came."""
    if answers(delivery):
        return f"answer:{delivery.target.command_id}"
    return place_of(delivery, reader).key


def turn_of(delivery: Deliver, reader: str) -> str:
    """Of cards with the same word here only the newest matters."""
    return f"{line_of(delivery, reader)}:{delivery.card_key}"


def answers(delivery: Deliver) -> bool:
    """Whether it answers an interaction: nobody else's answer has the same limits."""
    return delivery.target.kind == "answer" and delivery.target.command_id is not None
