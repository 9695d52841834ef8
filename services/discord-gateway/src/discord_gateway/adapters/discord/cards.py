"""The one renderer: a card becomes a Components V2 view that Discord accepts, whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from contracts_schema.commands.discord import ButtonStyle, Card, LinkButton, PressButton
from discord import ui

from discord_gateway.domain.custom_id import CustomIds
from discord_gateway.domain.escaping import escaped, plain
from discord_gateway.texts import text

MOST_TEXT = 4000
MOST_LABEL = 80
MOST_URL = 512
_MOST_TITLE, _MOST_LINE = 300, 350
_MOST_FIELD_NAME = 100

STYLES = {
    ButtonStyle.PRIMARY: discord.ButtonStyle.primary,
    ButtonStyle.SECONDARY: discord.ButtonStyle.secondary,
    ButtonStyle.DANGER: discord.ButtonStyle.danger,
}
AnyButton = ui.Button[Any]


class Buttons:
    """Makes buttons whose meaning is signed into them."""

    def __init__(self, custom_ids: CustomIds) -> None:
        """Sign with these."""
        self._custom_ids = custom_ids

    def press(
        self, label: str, verb: str, subject: str, style: ButtonStyle = ButtonStyle.SECONDARY
    ) -> AnyButton:
        """A button that comes back as a press of this verb on this subject."""
        return ui.Button(
            label=plain(label, MOST_LABEL),
            style=STYLES[style],
            custom_id=self._custom_ids.write(verb, subject),
        )

    def shown(self, button: PressButton | LinkButton) -> AnyButton:
        """The button that a card asks for."""
        if isinstance(button, PressButton):
            return self.press(button.label, button.verb, button.subject, button.style)
        return link(button.label, button.url)


def link(label: str, url: str) -> AnyButton:
    """A button that opens a page."""
    return ui.Button(label=plain(label, MOST_LABEL), style=discord.ButtonStyle.link, url=url)


def openers(label: str, url: str) -> tuple[list[AnyButton], list[ui.Item[Any]]]:
    """What opens a page: a button, or the address itself where it is too long for one."""
    if len(url) <= MOST_URL:
        return [link(label, url)], []
    return [], [ui.TextDisplay(f"<{url}>")]


def render(
    card: Card, buttons: Sequence[AnyButton], locale: str, *more: ui.Item[Any]
) -> ui.LayoutView:
    """The card as a view: title and steps, text, facts, then whose turn it is and the buttons.

    The view is finished from the start: discord.py keeps nothing of it, for a press is read from
    its custom id alone.
    """
    parts = _Parts(card, locale)
    container: ui.Container[Any] = ui.Container()
    container.add_item(ui.TextDisplay(parts.head))
    for shown in (parts.body, parts.facts):
        if shown:
            container.add_item(ui.TextDisplay(shown))
    if card.image_url.startswith(("http://", "https://")) and len(card.image_url) <= 2048:
        picture = discord.MediaGalleryItem(card.image_url, description=plain(card.title, 256))
        container.add_item(ui.MediaGallery(picture))
    for item in more:
        container.add_item(item)
    if parts.turn:
        container.add_item(ui.Separator())
        container.add_item(ui.TextDisplay(parts.turn))
    if buttons:
        container.add_item(ui.ActionRow(*buttons[:5]))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    view.stop()
    return view


class _Parts:
    """The texts of a card, cut so that together they never pass Discord's limit."""

    def __init__(self, card: Card, locale: str) -> None:
        self.head = "### " + escaped(card.title, _MOST_TITLE)
        if card.steps:
            self.head += "\n-# " + escaped(card.steps, _MOST_LINE)
        self.turn = "\n".join(_turn(card, locale))
        room = MOST_TEXT - len(self.head) - len(self.turn)
        facts = _facts(card, room)
        for_facts = min(len(facts), room // 2) if card.body else room
        body_room = room - for_facts
        self.body = escaped(card.body, body_room)
        self.facts = _facts(card, room - len(self.body))


def _turn(card: Card, locale: str) -> list[str]:
    lines = []
    if card.turn:
        lines.append(f"**{escaped(card.turn, _MOST_LINE)}**")
    if card.deadline is not None:
        lines.append(text("card.deadline", locale, when=f"<t:{card.deadline}:R>"))
    if card.if_nobody_acts:
        consequence = escaped(card.if_nobody_acts, _MOST_LINE)
        lines.append(text("card.if_nobody_acts", locale, consequence=consequence))
    return lines


def _facts(card: Card, room: int) -> str:
    if not card.fields:
        return ""
    each = room // len(card.fields) - len("****: \n")
    lines = []
    for fact in card.fields:
        name = escaped(fact.name, min(_MOST_FIELD_NAME, each // 2))
        lines.append(f"**{name}**: {escaped(fact.value, each - len(name))}")
    return "\n".join(lines)


def refused_line(reason: str) -> str:
    """What stands in the place of a link that its owner refused."""
    return f"-# {escaped(reason, 300)}"
