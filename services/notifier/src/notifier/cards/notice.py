"""One thing to tell one reader, and how it becomes a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts_schema.commands.discord import (
    ButtonStyle,
    Card,
    Fact,
    LinkButton,
    PressButton,
    SecretLinkButton,
)

from notifier.cards.catalogue import Catalogue

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


@dataclass(frozen=True, slots=True)
class SecretLink:
    """A button to a page whose address only its reader may know."""

    label: str
    service: str
    path: str


@dataclass(frozen=True, slots=True)
class Link:
    """A button to a public page."""

    label: str
    url: str


Button = Press | SecretLink | Link


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell: a key of the catalogue, its facts, the step, the deadline and the buttons."""

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


def actor(key: str, user_id: str, **more: object) -> Notice:
    """A notice for who did it."""
    return Notice(key, Reader.ACTOR, user_id, **more)  # type: ignore[arg-type]


def person(key: str, user_id: str, **more: object) -> Notice:
    """A notice for somebody it concerns."""
    return Notice(key, Reader.PERSON, user_id, **more)  # type: ignore[arg-type]


def render(catalogue: Catalogue, locale: str, notice: Notice) -> Card:
    """The card in the reader's language; optional parts that have no text are left out."""
    params = {name: shown[:600] for name, shown in notice.params.items()}

    def optional(part: str) -> str:
        key = f"{notice.key}.{part}"
        return catalogue.text(locale, key, params) if catalogue.has(key) else ""

    return Card(
        title=catalogue.text(locale, f"{notice.key}.title", params)[:256],
        body=optional("body")[:3000],
        steps=_steps(catalogue, locale, notice.step),
        turn=optional("turn")[:200],
        deadline=int(notice.deadline.timestamp()) if notice.deadline else None,
        if_nobody_acts=optional("if_nobody")[:300],
        fields=tuple(
            Fact(name=catalogue.text(locale, f"fields.{name}", {}), value=value[:1024])
            for name, value in notice.fields
            if value
        ),
        image_url=notice.image_url,
        buttons=tuple(_button(catalogue, locale, button) for button in notice.buttons),
    )


def _steps(catalogue: Catalogue, locale: str, step: str) -> str:
    if not step:
        return ""
    position = STEPS.index(step) if step in STEPS else len(STEPS)
    shown = []
    for index, name in enumerate(STEPS):
        label = catalogue.text(locale, f"steps.{name}", {})
        shown.append(
            f"✓ {label}" if index < position else f"[{label}]" if index == position else label
        )
    return " → ".join(shown)


def _button(
    catalogue: Catalogue, locale: str, button: Button
) -> PressButton | LinkButton | SecretLinkButton:
    match button:
        case Press():
            label = catalogue.text(locale, f"buttons.{button.verb}", {})
            return PressButton(
                label=label, verb=button.verb, subject=button.subject, style=button.style
            )
        case SecretLink():
            label = catalogue.text(locale, f"buttons.{button.label}", {})
            return SecretLinkButton(label=label, service=button.service, path=button.path)
        case Link():
            label = catalogue.text(locale, f"buttons.{button.label}", {})
            return LinkButton(label=label, url=button.url)
