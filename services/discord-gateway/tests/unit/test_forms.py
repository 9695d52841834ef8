from __future__ import annotations

import pytest
from contracts_schema.commands import contracts, escrow, listings
from contracts_schema.events.listings import Visibility
from discord_gateway.api.forms import FormStep, entered, modal
from discord_gateway.api.verbs import VERBS
from discord_gateway.domain.custom_id import CustomIds
from discord_gateway.domain.errors import WrongEntry
from gateway_builders import CONTRACT, ESCROW, LISTING, OFFER, SECRET
from pydantic import ValidationError

IDS = CustomIds(SECRET)
FORMS = {verb: step.form for verb, step in VERBS.items() if isinstance(step, FormStep)}
SUBJECTS = {
    "make_offer": LISTING,
    "counter": OFFER,
    "sign": CONTRACT,
    "deliver": ESCROW,
    "list_public": "12345",
    "list_private": "9" * 20,
}


@pytest.mark.parametrize("verb", FORMS)
async def test_every_form_is_one_that_discord_opens(verb):
    shown = modal(FORMS[verb], IDS.write(verb, SUBJECTS[verb]), "en").to_dict()

    assert len(shown["title"]) <= 45
    assert len(shown["custom_id"]) <= 100
    assert 1 <= len(shown["components"]) <= 5
    for part in shown["components"]:
        assert len(part["label"]) <= 45
        assert len(part["component"].get("placeholder") or "") <= 100
        assert part["component"]["max_length"] <= 4000


def test_an_offer_is_read_as_money():
    command = FORMS["make_offer"].build(LISTING, {"amount": "$4,000.50", "conditions": " none "})

    assert isinstance(command, listings.MakeOffer)
    assert command.amount.minor == 400_050
    assert command.conditions == "none"


@pytest.mark.parametrize("amount", ["", "four", "1.005", "-3", "1e3", "\uff14\uff10"])
def test_what_is_no_amount_is_named(amount):
    with pytest.raises(WrongEntry, match=r"wrong\.amount"):
        FORMS["counter"].build(OFFER, {"amount": amount, "conditions": ""})


def test_an_amount_of_nothing_is_refused():
    with pytest.raises(ValidationError):
        FORMS["make_offer"].build(LISTING, {"amount": "0", "conditions": ""})


def a_listing(**values: str) -> dict[str, str]:
    return {
        "title": "Tower",
        "summary": "",
        "price": "4500",
        "category": "game",
        "delivery_window": "7d",
    } | values


@pytest.mark.parametrize(
    ("typed", "seconds"), [("7d", 604_800), ("7", 604_800), ("12h", 43_200), ("1 D", 86_400)]
)
def test_a_delivery_window_is_days_or_hours(typed, seconds):
    command = FORMS["list_public"].build("12345", a_listing(delivery_window=typed))

    assert isinstance(command, listings.CreateListing)
    assert command.delivery_window_s == seconds


@pytest.mark.parametrize("typed", ["", "soon", "7w", "-1", "\u0667"])
def test_what_is_no_delivery_window_is_named(typed):
    with pytest.raises((WrongEntry, ValidationError)):
        FORMS["list_public"].build("12345", a_listing(delivery_window=typed))


def test_visibility_is_in_the_verb():
    built = {v: FORMS[v].build("12345", a_listing()) for v in ("list_public", "list_private")}

    assert built["list_public"].visibility is Visibility.PUBLIC
    assert built["list_private"].visibility is Visibility.PRIVATE


def test_the_phrase_is_handed_on_as_it_was_typed():
    command = FORMS["sign"].build(CONTRACT, {"phrase": "i agree"})

    assert command == contracts.Sign(contract_id=CONTRACT, phrase="i agree")


def test_each_line_of_evidence_is_a_piece():
    values = {"title": "Here", "description": "", "evidence": "https://x.example/1\n\nhanded over"}

    command = FORMS["deliver"].build(ESCROW, values)

    assert isinstance(command, escrow.Deliver)
    assert [(e.kind, e.text) for e in command.evidence] == [
        ("link", "https://x.example/1"),
        ("note", "handed over"),
    ]


def test_many_lines_of_evidence_are_one_note():
    values = {"title": "Here", "description": "", "evidence": "\n".join("abcdefghijkl")}

    assert len(FORMS["deliver"].build(ESCROW, values).evidence) == 1


def test_what_was_typed_is_read_from_labels_and_from_rows():
    label = {"type": 18, "component": {"type": 4, "custom_id": "a", "value": " x "}}
    row = {"type": 1, "components": [{"type": 4, "custom_id": "b", "value": None}]}

    assert entered({"components": [label, row, {"type": 10}]}) == {"a": "x", "b": ""}
