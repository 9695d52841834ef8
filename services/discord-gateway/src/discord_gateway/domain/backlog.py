"""Cards that wait for their recipient's turn: which is shown next, and which need not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts_schema.commands.discord import Deliver, Fact
from contracts_schema.ids import derive_id
from contracts_schema.message import DiscordActor

MANY = 5
"""So many cards of one kind are told as one; Discord takes as many of a channel in five seconds."""
MOST_FACTS = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """One card that waits: what decides whether it is shown, and when."""

    delivery_id: str
    card_key: str
    revision: int
    summary_key: str
    told: bool
    """A summary has told of it: only the message that stands under its key is still changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A card that waits, with all that it takes to show it."""

    line: str
    reader: DiscordActor
    asked: Deliver
    correlation_id: str = ""
    causation_id: str = ""
    told: bool = False


def overtaken(waiting: Sequence[Waiting]) -> list[str]:
    """Those that a newer card for the same place makes superfluous."""
    newest = dict[str, int]()
    for each in waiting:
        newest[each.card_key] = max(each.revision, newest.get(each.card_key, 0))
    return [
        each.delivery_id
        for each in waiting
        if each.card_key and each.revision < newest[each.card_key]
    ]


def alike(waiting: Sequence[Waiting]) -> list[str]:
    """The cards that are told together with the first one; none if it is told by itself.

    It is asked when the first has its turn, so that as many as possible have come by then.
    """
    first = waiting[0]
    if first.told or not first.summary_key:
        return []
    many = [each for each in waiting if each.summary_key == first.summary_key and not each.told]
    return [each.delivery_id for each in many] if len(many) >= MANY else []


def summed_up(first: Kept, count: int) -> Kept:
    """The card that tells of so many, in the place of the first of them."""
    summary = first.asked.summary
    if summary is None:
        raise ValueError(f"{first.asked.delivery_id} is told by itself")
    number = Fact(name=summary.counted, value=str(count))
    card = summary.card.model_copy(update={"fields": (number, *summary.card.fields)[:MOST_FACTS]})
    asked = Deliver(
        delivery_id=derive_id("dlv", first.asked.delivery_id, "summary"),
        target=first.asked.target,
        card=card,
        revision=first.asked.revision,
    )
    return replace(first, asked=asked)
