"""What every command is held to, whoever sends it."""

import pytest
from contracts_schema.commands.escrow import Deliver, Evidence
from contracts_schema.commands.listings import CreateListing
from contracts_schema.ids import new_id
from contracts_schema.message import Command
from pydantic import ValidationError

PRICE = {"minor": 1, "currency": "USD"}


def test_text_that_no_database_can_hold_is_refused_at_its_field():
    with pytest.raises(ValidationError, match="NUL") as refused:
        CreateListing.model_validate({"asset_id": "1", "title": "a\x00b", "price": PRICE})

    assert [error["loc"] for error in refused.value.errors()] == [("title",)]


@pytest.mark.parametrize("as_model", [True, False])
def test_text_in_a_part_of_a_wish_is_refused_too(as_model):
    note = {"kind": "note", "text": "given\x00over"}
    evidence = [Evidence(**note) if as_model else note]

    with pytest.raises(ValidationError, match="NUL"):
        Deliver(escrow_id=new_id("esc"), title="Given", evidence=evidence)


def test_other_text_passes_as_it_is():
    command = CreateListing(asset_id="1", title=" zero 0 \\x00 \u2400 ", price=PRICE)

    assert isinstance(command, Command)
    assert command.title == "zero 0 \\x00 \u2400"
