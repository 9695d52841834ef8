"""One thing to tell one reader: a key of the texts, its facts, and what may be pressed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts_schema.buttons import buttons_of
from contracts_schema.commands.discord import ButtonStyle
from contracts_schema.events.rejected import Refusal

STEPS = ("offer", "contract", "payment", "delivery", "confirmation", "payout")


class Reader(StrEnum):
    """Who reads a notice."""

    ACTOR = "actor"
    """Who did it: they see the answer to their own command."""
    PERSON = "person"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Press:
    """A button that asks Holdfast to do something with a subject."""

    verb: str
    subject: str
    style: ButtonStyle = ButtonStyle.SECONDARY


def presses(verbs: Collection[str], subject: str) -> tuple[Press, ...]:
    """The buttons for what its owner says a reader may do with the subject."""
    return tuple(Press(verb, subject, style) for verb, style in buttons_of(verbs))


@dataclass(frozen=True, slots=True)
class SecretLink:
    """A button to a page whose address only its reader may know."""

    label: str
    service: str
    path: str


Button = Press | SecretLink


@dataclass(frozen=True, slots=True)
class Many:
    """What a notice is one of: many of them about one thing may be told the same person as one."""

    key: str
    """Of the texts that tell of many."""
    listing_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell: a key of the texts, its facts, the step, the deadline and the buttons."""

    key: str
    reader: Reader
    user_id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    deadline: datetime | None = None
    buttons: tuple[Button, ...] = ()
    card_key: str = ""
    channel_id: str = ""
    guild_id: str = ""
    image_url: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """(key of the field's name, its value)"""
    now: str = ""
    """The thing that is shown below as it stands when the card is shown; empty: none."""
    many: Many | None = None
    """How it is told together with others like it; None: always by itself."""
    refusal: Refusal | None = None
    """What was refused: its own words fill the slots ``detail`` and ``next``."""


def actor(key: str, user_id: str, **more: object) -> Notice:
    """A notice for who did it."""
    return Notice(key, Reader.ACTOR, user_id, **more)  # type: ignore[arg-type]


def person(key: str, user_id: str, **more: object) -> Notice:
    """A notice for somebody it concerns."""
    return Notice(key, Reader.PERSON, user_id, **more)  # type: ignore[arg-type]


def both(event: Any, key: str, **more: Any) -> list[Notice]:
    """The same key for both sides, each with its own words and what it may do."""
    return [
        person(f"{key}.buyer", event.buyer_id, **may(event, event.buyer_id), **more),
        person(f"{key}.seller", event.seller_id, **may(event, event.seller_id), **more),
    ]


def may(event: Any, user_id: str) -> dict[str, Any]:
    """The buttons for what this person may do next, as the event says."""
    return {"buttons": presses(getattr(event, "actions", {}).get(user_id, ()), event.subject)}


def of_deal(event: Any, step: str, **params: str) -> dict[str, Any]:
    """What cards about a deal share: its title, the step it is at, and the place they stand in."""
    return {
        "params": {"title": getattr(event, "title", "")} | params,
        "step": step,
        "card_key": f"deal:{event.deal_id}",
    }
