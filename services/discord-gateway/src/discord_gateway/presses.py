"""Buttons and forms: their meaning is read from the signed custom id, by any process, for ever."""

from __future__ import annotations

import re
from typing import Any

import structlog
from chassis.ops.telemetry import tracer
from chassis.problems import invalid
from contracts_schema.commands.discord import Card
from discord import ui
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from discord_gateway import intake, links, views
from discord_gateway.asks import ASKS, SURE, WISHES, Ask
from discord_gateway.catalogue import text
from discord_gateway.clients import OwnerAway, OwnerRefused
from discord_gateway.custom_ids import Forged, Intent
from discord_gateway.forms import FORMS, Form, WrongEntry, entered, open_modal
from discord_gateway.intake import Ack, Desk, Interaction, locale_of

_TITLES = {
    "listing_id": ("listings", "/v1/listings/"),
    "escrow_id": ("escrow", "/v1/escrows/"),
}

log = structlog.get_logger(__name__)


class AnyPress(ui.DynamicItem[ui.Button[Any]], template=re.compile(r"(?s).+")):
    """Every button there is or ever was: the custom id says what it means, or that it is forged."""

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> AnyPress:
        """Take the button from the message it was pressed on."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"only buttons are sent, not {type(item).__name__}")
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:
        """Do what the button means."""
        await pressed(interaction.client.desk, interaction)


async def pressed(desk: Desk, interaction: Interaction) -> None:
    """Answer a pressed button; the first await is the defer, the form, or a local refusal."""
    intent = _read(desk, interaction)
    if intent is None:
        await intake.reply(interaction, intake.words("forged", locale_of(interaction)))
        return
    with tracer.start_as_current_span(f"discord press {intent.verb}", kind=SpanKind.SERVER):
        await _meant(desk, interaction, intent)


async def _meant(desk: Desk, interaction: Interaction, intent: Intent) -> None:
    verb, subject = intent.verb, intent.subject
    if verb in FORMS:
        await open_form(desk, interaction, verb, subject)
    elif verb in WISHES:
        await wish(desk, interaction, verb, subject)
    elif verb in ASKS:
        await ask(desk, interaction, verb, subject)
    elif verb in links.SOURCES:
        await links.give(desk, interaction, verb, subject)
    elif verb in views.VIEWS:
        await views.VIEWS[verb](desk, interaction, subject)
    else:
        log.error("press.unknown_verb", verb=verb)
        await intake.reply(interaction, intake.words("unknown_verb", locale_of(interaction)))


async def open_form(desk: Desk, interaction: Interaction, verb: str, subject: str) -> None:
    """Open the form of this verb."""
    modal = open_modal(FORMS[verb], desk.custom_ids.write(verb, subject), locale_of(interaction))
    await intake.open_form(interaction, modal)


async def submitted(desk: Desk, interaction: Interaction) -> None:
    """Turn a form that was sent into its command, or say which field cannot be read."""
    intent = _read(desk, interaction)
    form = FORMS.get(intent.verb) if intent is not None else None
    if intent is None or form is None:
        await intake.reply(interaction, intake.words("forged", locale_of(interaction)))
        return
    with tracer.start_as_current_span(f"discord form {intent.verb}", kind=SpanKind.SERVER):
        ack = await intake.acknowledge(interaction)
        await _built(desk, interaction, (intent, form), ack)


async def _built(
    desk: Desk, interaction: Interaction, meant: tuple[Intent, Form], ack: Ack
) -> None:
    intent, form = meant
    values = {entry.name: "" for entry in form.entries} | entered(dict(interaction.data or {}))
    locale = locale_of(interaction)
    try:
        command = form.build(intent.subject, values)
    except WrongEntry as error:
        card = intake.refusal(text(str(error), locale), text("wrong.next", locale), locale)
    except ValidationError as error:
        card = _invalid(error, locale)
    else:
        await intake.take(desk, interaction, command, ack)
        return
    if ack is Ack.IN_TIME:
        again = desk.buttons.press(text("button.again", locale), intent.verb, intent.subject)
        await intake.tell(interaction, card, again)


async def wish(desk: Desk, interaction: Interaction, verb: str, subject: str) -> None:
    """Take in the command that the verb is."""
    ack = await intake.acknowledge(interaction)
    try:
        command = WISHES[verb](subject)
    except ValidationError as error:
        await intake.tell(interaction, _invalid(error, locale_of(interaction)))
        return
    await intake.take(desk, interaction, command, ack)


async def ask(desk: Desk, interaction: Interaction, verb: str, subject: str) -> None:
    """Show what the step would do, read just now, and ask whether to do it."""
    if await intake.acknowledge(interaction) is not Ack.IN_TIME:
        return
    asked: Ask = ASKS[verb]
    reader, locale = str(interaction.user.id), locale_of(interaction)
    try:
        body = await desk.owners.get(asked.service, asked.path.format(id=subject), reader)
        card = asked.preview(await _titled(desk, body, reader), locale)
    except (OwnerAway, OwnerRefused) as error:
        await intake.refused(interaction, error)
        return
    except ValidationError as error:
        await intake.refused(interaction, OwnerAway(f"{asked.service} answers otherwise: {error}"))
        return
    yes = desk.buttons.press(text(f"ask.{verb}.yes", locale), asked.yes, subject, SURE)
    await intake.tell(interaction, card, yes)


async def _titled(desk: Desk, body: Any, reader: str) -> Any:
    """The body with the title of what it is about, where that can be read besides."""
    for key, (service, path) in _TITLES.items():
        if isinstance(body, dict) and not body.get("title") and key in body:
            try:
                about = await desk.owners.get(service, path + str(body[key]), reader)
            except (OwnerAway, OwnerRefused):
                return body
            return body | {"title": str(about.get("title", ""))}
    return body


def _invalid(error: ValidationError, locale: str) -> Card:
    problem = invalid(error.errors(include_url=False, include_context=False))
    detail = problem.detail.replace("Value error, ", "").removeprefix("/")
    return intake.refusal(detail, text("wrong.next", locale), locale)


def _read(desk: Desk, interaction: Interaction) -> Intent | None:
    try:
        return desk.custom_ids.read(str(dict(interaction.data or {}).get("custom_id", "")))
    except Forged as error:
        log.warning("press.forged", custom_id=str(error), user=str(interaction.user.id))
        return None
