from __future__ import annotations

import pytest
from contracts_schema.ids import new_id
from discord_gateway.domain.custom_id import LARGEST, CustomIds, Forged, Intent
from gateway_builders import ESCROW, SECRET
from hypothesis import given
from hypothesis import strategies as st

IDS = CustomIds(SECRET)


def test_what_was_written_is_read_by_another_process_with_the_same_secret():
    assert CustomIds(SECRET).read(IDS.write("confirm_yes", ESCROW)) == Intent("confirm_yes", ESCROW)


def test_the_longest_verb_on_a_typed_id_fits_a_button():
    assert len(IDS.write("a" * 24, new_id("abcde"))) <= LARGEST


def test_what_does_not_fit_a_button_is_refused_when_it_is_written():
    with pytest.raises(ValueError, match="cannot be carried"):
        IDS.write("show", "x" * 61)


@pytest.mark.parametrize("empty", [""])
def test_an_empty_secret_signs_nothing(empty):
    with pytest.raises(ValueError, match="HOLDFAST_CUSTOM_ID_SECRET"):
        CustomIds(empty)


@pytest.mark.abuse("A7")
def test_a_verb_or_subject_that_was_changed_is_forged():
    good = IDS.write("confirm", ESCROW)

    for bad in (good.replace("confirm", "confirm_yes"), good.replace("esc_", "ofr_")):
        with pytest.raises(Forged):
            IDS.read(bad)


def test_a_signature_of_another_secret_is_forged():
    with pytest.raises(Forged):
        IDS.read(CustomIds("another").write("confirm", ESCROW))


@given(st.text(max_size=120))
def test_no_made_up_text_is_taken_for_ours(text):
    with pytest.raises(Forged):
        IDS.read(text)
