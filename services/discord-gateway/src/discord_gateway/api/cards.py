"""Cards of the gateway's own words."""

from __future__ import annotations

from chassis.problems import invalid as invalid_input
from contracts_schema.commands.discord import Card
from pydantic import ValidationError

from discord_gateway.texts import text


def words(key: str, locale: str, **values: object) -> Card:
    """A card of texts alone: ``<key>.title`` and ``<key>.body``."""
    return Card(
        title=text(f"{key}.title", locale, **values)[:256],
        body=text(f"{key}.body", locale, **values)[:3000],
    )


def refusal(detail: str, next_action: str, locale: str) -> Card:
    """A card that names the cause and the next step."""
    body = "\n".join(part for part in (detail, next_action) if part)
    return Card(
        title=text("refused.title", locale),
        body=(body or text("refused.body", locale))[:3000],
    )


def invalid(error: ValidationError, locale: str) -> Card:
    """A refusal of what was entered, which names the field."""
    detail = invalid_input(error.errors(include_url=False)).worded(locale).detail.removeprefix("/")
    return refusal(detail, text("wrong.next", locale), locale)
