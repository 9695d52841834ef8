"""Whatever an owner names has its place in the registry, and no other service knows its states."""

import re
from pathlib import Path

import discord_gateway
import notifier
import pytest
from contracts.domain import contract
from contracts_schema.buttons import STYLES
from discord_gateway.api.verbs import VERBS
from escrow.domain import states
from listings.domain import listing, offer

OWNERS = (listing, offer, contract, states)
OVER_REST_ONLY = {"edit"}


def test_every_verb_of_an_owner_can_be_pressed_or_is_for_rest_only():
    named = {str(verb) for owner in OWNERS for verb in owner.Verb}

    assert named - set(VERBS) == OVER_REST_ONLY
    assert named - OVER_REST_ONLY == set(STYLES)


@pytest.mark.parametrize("service", [discord_gateway, notifier])
def test_who_shows_buttons_knows_no_state_of_what_they_are_for(service):
    every = "|".join(sorted({str(state) for owner in OWNERS for state in owner.State}))
    named = re.compile(rf"\b({every})\b")
    folder = Path(service.__file__).parent

    for path in (*folder.rglob("*.py"), *folder.rglob("*.toml")):
        if "migrations" not in path.parts:
            assert not named.findall(path.read_text("utf-8")), path
