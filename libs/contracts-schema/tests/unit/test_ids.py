"""Ids say what they name, can be read back, and a retry makes the same one."""

import time
from uuid import UUID

import pytest
from contracts_schema.ids import (
    EscrowId,
    decode,
    derive_id,
    derive_uuid,
    encode,
    new_id,
    parse_id,
    uuid7,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

prefixes = st.sampled_from(["usr", "lst", "ofr", "ctr", "esc", "pay"])


@given(st.uuids())
def test_what_is_encoded_can_be_decoded(value):
    assert decode(encode(value)) == value
    assert len(encode(value)) == 26


@given(st.uuids(), st.uuids())
def test_text_sorts_as_the_ids_do(one, other):
    assert (encode(one) < encode(other)) == (one.int < other.int)


@given(st.text(max_size=30))
def test_what_is_no_id_is_refused(text):
    try:
        value = decode(text)
    except ValueError:
        return
    assert encode(value) == text


@given(prefixes, st.lists(st.text(max_size=10), min_size=1, max_size=4))
def test_the_same_seed_gives_the_same_id_of_its_kind(prefix, seed):
    assert derive_id(prefix, *seed) == derive_id(prefix, *seed)
    assert parse_id(prefix, derive_id(prefix, *seed)) == derive_id(prefix, *seed)
    assert derive_id("abc", *seed) != derive_id("abd", *seed)


def test_where_the_seed_is_cut_matters():
    assert derive_id("esc", "ab", "c") != derive_id("esc", "a", "bc")
    assert derive_uuid("ab", "c") != derive_uuid("a", "bc")


def test_a_derived_id_never_changes():
    assert derive_id("esc", "deal", "1") == "esc_2qx2de5m63a18vb4pxpesmg8e1"
    assert derive_uuid("deal", "1") == UUID("3b0be566-fa5d-5ee2-966f-e822d2ba8ebb")


@given(prefixes)
def test_a_new_id_is_one_of_its_kind_and_of_no_other(prefix):
    made = new_id(prefix)

    assert parse_id(prefix, made) == made
    with pytest.raises(ValueError, match="begins with xyz_"):
        parse_id("xyz", made)


@pytest.mark.parametrize("change", [str.upper, lambda it: it + "\n", lambda it: it[:-1], str.title])
def test_an_id_has_one_spelling(change):
    with pytest.raises(ValueError, match="esc_"):
        parse_id("esc", change(new_id("esc")))


def test_an_id_of_another_kind_is_refused_at_the_edge():
    edge = TypeAdapter(EscrowId)

    assert edge.validate_python(new_id("esc"))
    for text in (new_id("usr"), new_id("esc") + "\n", "esc_", "esc_" + "z" * 26):
        with pytest.raises(ValidationError):
            edge.validate_python(text)


def test_new_ids_are_version_7_in_the_order_of_time():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after
