from __future__ import annotations

import ast
from pathlib import Path

import discord_gateway
import pytest
from chassis.texts import MissingText
from contracts_schema.buttons import STYLES
from contracts_schema.commands import discord as cards
from discord_gateway.api.confirmations import ActionStep
from discord_gateway.api.forms import FormStep
from discord_gateway.api.links import LinkStep
from discord_gateway.api.presenters import TURNS
from discord_gateway.api.verbs import STEPS, VERBS
from discord_gateway.texts import TEXTS, text
from holdfast.source import parsed

SOURCE = Path(str(discord_gateway.__file__)).parent
ON_NO_PAGE = {"consent", "list_public", "list_private"}


def literal_keys() -> set[str]:
    """Every key that the source names in full."""
    found = set()
    for path in set(SOURCE.rglob("*.py")) - {SOURCE / "store" / "tables.py"}:
        for node in ast.walk(parsed(path.read_text())):
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
    found = set()
    for form in (step.form for step in VERBS.values() if isinstance(step, FormStep)):
        found.add(f"form.{form.name}.title")
        for entry in form.entries:
            found |= {f"field.{entry.name}.label", f"field.{entry.name}.hint"}
    found |= {f"turn.{who}" for who in TURNS}
    for verb, step in VERBS.items():
        if isinstance(step, ActionStep) and step.facts is not None:
            found |= {f"confirmation.{verb}.{part}" for part in ("title", "body", "yes")}
        if isinstance(step, LinkStep):
            found |= {f"link.{verb}.{part}" for part in ("title", "body", "button")}
    found |= {f"button.{verb}" for verb in set(VERBS) - ON_NO_PAGE}
    found |= {f"page.{key}" for key in ("offers", "no_offers", "deals", "no_deals")}
    facts = "title amount conditions state held seller_receives buyer_receives fee price category"
    return found | {f"fact.{name}" for name in (*facts.split(), "id", "terms_sha256")}


@pytest.mark.parametrize("key", sorted(literal_keys() | composed_keys()))
def test_every_key_in_use_has_a_text_in_every_language(key):
    assert all(key in TEXTS.keys(language) for language in TEXTS.languages())


@pytest.mark.parametrize("language", sorted(TEXTS.languages()))
def test_no_text_stands_there_unused(language):
    assert TEXTS.keys(language) - literal_keys() - composed_keys() == set()


def test_a_missing_text_is_a_fault():
    with pytest.raises(MissingText):
        text("no.such.key")


def test_slots_are_filled_and_nothing_else_is_run():
    assert text("ping.body", latency_ms="{__class__}").count("{__class__}") == 1


@pytest.mark.parametrize(
    ("language", "key"), [(a, b) for a in sorted(TEXTS.languages()) for b in sorted(TEXTS.keys(a))]
)
def test_texts_stay_within_discords_limits(language, key):
    limits = {"command": 100, "option": 100, "button": 80, "form": 45, "visibility": 100}
    ends = {"label": 45, "hint": 100, "yes": 80, "agree": 80, "title": 256, "body": 3000}
    most = min(limits.get(key.split(".")[0], 4000), ends.get(key.split(".")[-1], 4000))

    assert len(text(key, language)) <= most


def test_whatever_has_a_look_as_a_button_can_be_pressed():
    assert set(STYLES) <= set(VERBS)
    assert {verb for verb in VERBS if verb not in STYLES} == ON_NO_PAGE | {"show"}


def test_every_verb_is_one_that_a_card_may_carry():
    for verb in STEPS:
        cards.PressButton(label="x", verb=verb, subject="ofr_" + "0" * 26)
