from __future__ import annotations

import json

import pytest
from contracts_schema.commands.discord import (
    ButtonStyle,
    Card,
    Fact,
    LinkButton,
    PressButton,
)
from contracts_schema.ids import new_id
from discord_gateway.adapters.discord.cards import MOST_TEXT, Buttons, render
from discord_gateway.domain.custom_id import CustomIds
from gateway_builders import OFFER, SECRET, a_card

BUTTONS = Buttons(CustomIds(SECRET))


def walk(components):
    for component in components:
        yield component
        yield from walk(component.get("components", ()))


def texts(view) -> list[str]:
    return [c["content"] for c in walk(view.to_components()) if c["type"] == 10]


def worst(character: str) -> Card:
    press = PressButton(
        label=character * 80, verb="a" * 24, subject=new_id("abcde"), style=ButtonStyle.DANGER
    )
    return Card(
        title=character * 256,
        body=character * 3000,
        steps=character * 200,
        turn=character * 200,
        deadline=99_999_999_999,
        if_nobody_acts=character * 300,
        fields=tuple(Fact(name=character * 256, value=character * 1024) for _ in range(10)),
        image_url="https://images.example/" + "a" * 1900,
        buttons=(press,) * 4 + (LinkButton(label="x" * 80, url="https://x.example/" + "a" * 490),),
    )


@pytest.mark.parametrize("character", ["x", "*", "\\", "é", "\n#"[1], "😀"])
async def test_the_fullest_card_stays_within_every_limit_of_discord(character):
    card = worst(character)

    view = render(card, [BUTTONS.shown(b) for b in card.buttons], "en")

    parts = list(walk(view.to_components()))
    assert len(parts) <= 40
    assert sum(map(len, texts(view))) <= MOST_TEXT
    assert all(texts(view))
    pressable = [c for c in parts if c["type"] == 2]
    assert len(pressable) == 5
    assert all(len(c["label"]) <= 80 for c in pressable)
    assert all(len(c.get("custom_id") or "") <= 100 for c in pressable)
    assert all(len(c.get("url") or "") <= 512 for c in pressable)
    json.dumps(view.to_components())


async def test_a_card_tells_steps_turn_deadline_and_what_happens_if_nobody_acts():
    card = a_card(
        steps="Offer → Contract",
        turn="Your turn",
        deadline=1_790_000_000,
        if_nobody_acts="the offer ends",
        fields=(Fact(name="Amount", value="4,000.00 USD"),),
    )

    shown = "\n".join(texts(render(card, (), "en")))

    for words in (
        "### A card",
        "-# Offer → Contract",
        "**Your turn**",
        "Deadline: <t:1790000000:R>",
        "If nobody acts: the offer ends",
        "**Amount**: 4,000.00 USD",
    ):
        assert words in shown


async def test_an_image_is_shown_with_a_description_and_only_from_the_web():
    with_image = render(a_card(image_url="https://x.example/a.png"), (), "en").to_components()
    without = render(a_card(image_url="file:///etc/passwd"), (), "en").to_components()

    gallery = [c for c in walk(with_image) if c["type"] == 12]
    assert gallery[0]["items"][0]["description"] == "A card"
    assert not [c for c in walk(without) if c["type"] == 12]


async def test_a_view_is_finished_so_that_nothing_of_it_is_remembered():
    button = BUTTONS.press("Accept", "accept", OFFER, ButtonStyle.PRIMARY)

    assert render(a_card(), [button], "en").is_finished()


async def test_the_text_of_a_title_cannot_format_the_card():
    assert texts(render(a_card(title="# **x** @everyone"), (), "en"))[0] == (
        "### \\# \\*\\*x\\*\\* @\u200beveryone"
    )
