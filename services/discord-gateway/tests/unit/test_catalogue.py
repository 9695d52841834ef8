from __future__ import annotations

import ast
from pathlib import Path

import discord_gateway
import pytest
from contracts_schema.commands import discord as cards
from discord_gateway.asks import ASKS, WISHES
from discord_gateway.catalogue import MissingText, languages, text
from discord_gateway.forms import FORMS
from discord_gateway.links import SOURCES
from discord_gateway.reads import DEAL_VERBS, SIDES
from discord_gateway.views import VIEWS

SOURCE = Path(str(discord_gateway.__file__)).parent
SHOWN_BY = ("text", "words")


def literal_keys() -> set[str]:
    """Every key that the source names in full."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            keys = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if name == "text" and keys and isinstance(keys[0], str):
                found.add(keys[0])
            if name == "words" and keys:
                found |= {f"{keys[0]}.title", f"{keys[0]}.body"}
            if name == "WrongEntry" and keys:
                found.add(keys[0])
    return found


def composed_keys() -> set[str]:
    """Every key that the source puts together from a table."""
    found = {f"form.{form.name}.title" for form in FORMS.values()}
    for form in FORMS.values():
        for entry in form.entries:
            found |= {f"field.{entry.name}.label", f"field.{entry.name}.hint"}
    found |= {f"turn.{who}" for who in (*SIDES, *DEAL_VERBS)}
    for verb in ASKS:
        found |= {f"ask.{verb}.title", f"ask.{verb}.body", f"ask.{verb}.yes"}
    for verb in SOURCES:
        found |= {f"link.{verb}.title", f"link.{verb}.body", f"link.{verb}.button"}
    pressed = {verb for verbs in DEAL_VERBS.values() for verb in verbs}
    pressed |= {"show", "make_offer", "accept", "counter", "decline", "withdraw_offer"}
    pressed |= {"sign", "sign_web", "view_offers", "review_pdf"}
    found |= {f"button.{verb}" for verb in pressed}
    found |= {f"page.{key}" for key in ("offers", "no_offers", "deals", "no_deals")}
    facts = "title amount conditions state held seller_receives buyer_receives fee price category"
    return found | {f"fact.{name}" for name in (*facts.split(), "id", "terms_sha256")}


@pytest.mark.parametrize("key", sorted(literal_keys() | composed_keys()))
def test_every_key_in_use_has_a_text_in_every_language(key):
    assert all(key in known for known in languages().values())


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_text_stands_there_unused(language):
    assert set(languages()[language]) - literal_keys() - composed_keys() == set()


def test_a_missing_text_is_a_fault():
    with pytest.raises(MissingText):
        text("no.such.key")


def test_slots_are_filled_and_nothing_else_is_run():
    assert text("ping.body", latency_ms="{__class__}").count("{__class__}") == 1


@pytest.mark.parametrize(("language", "key"), [(a, b) for a in languages() for b in languages()[a]])
def test_texts_stay_within_discords_limits(language, key):
    limits = {"command": 100, "option": 100, "button": 80, "form": 45, "visibility": 100}
    ends = {"label": 45, "hint": 100, "yes": 80, "agree": 80, "title": 256, "body": 3000}
    most = min(limits.get(key.split(".")[0], 4000), ends.get(key.split(".")[-1], 4000))

    assert len(languages()[language][key]) <= most


def test_every_verb_is_one_that_a_card_may_carry():
    for verb in (*FORMS, *WISHES, *ASKS, *SOURCES, *VIEWS):
        cards.PressButton(label="x", verb=verb, subject="ofr_" + "0" * 26)
