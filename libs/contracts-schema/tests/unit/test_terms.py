"""One spelling for one agreement, and another hash for any other."""

import json
from decimal import Decimal

import pytest
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, Terms, canonical_json
from contracts_schema_builders import NUMBER, some_terms
from hypothesis import given
from hypothesis import strategies as st

exact = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=12,
)
objects = st.dictionaries(st.text(st.characters(codec="utf-8")), exact)

KNOWN_TEXT = (
    '{"asset_id":"1818","buyer_fee":{"basis_points":0,"fixed_minor":0},'
    '"buyer_id":"usr_01hzy3k8m9n0p1q2r3s4t5v6w8","conditions":"",'
    '"contract_id":"ctr_01hzy3k8m9n0p1q2r3s4t5v6w7",'
    '"deal_id":"ofr_01hzy3k8m9n0p1q2r3s4t5v6w7","goods":"GAME_OWNERSHIP",'
    '"listing_id":"lst_01hzy3k8m9n0p1q2r3s4t5v6w7","price":{"currency":"USD","minor":430000},'
    '"rail":"STRIPE","seller_fee":{"basis_points":290,"fixed_minor":30},'
    '"seller_id":"usr_01hzy3k8m9n0p1q2r3s4t5v6w7",'
    '"snapshot_sha256":"abababababababababababababababababababababababababababababababab",'
    '"title":"Café of Kings","tranches":[{"amount":{"currency":"USD","minor":430000},'
    '"number":1,"release":"ON_CONFIRMATION"}],"version":1,"windows":{"delivery_s":604800,'
    '"funding_s":86400,"inspection_proven_s":86400,"inspection_s":259200}}'
)
KNOWN_HASH = "dd0248c4b15e06f51cc4640338ab4f3c461f7a9ae21349d6ec12b3414c61ca31"
"""What sha256sum says of the text above."""


@given(objects)
def test_canonical_json_says_the_same_in_any_order(value):
    turned = dict(reversed(list(value.items())))

    assert canonical_json(turned) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


@given(objects)
def test_canonical_json_read_and_written_again_is_the_same(value):
    once = canonical_json(value)

    assert canonical_json(json.loads(once)) == once


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), float("inf"), 0.1, Decimal("1.0"), b"x", {1, 2}, {1: "a"}, object]
)
def test_what_has_more_than_one_spelling_is_refused(value):
    for holder in ({"a": value}, {"a": [value]}, {"a": {"b": ({"c": value},)}}):
        with pytest.raises(TypeError):
            canonical_json(holder)


def test_canonical_json_sorts_keys_and_keeps_letters_as_they_are():
    assert canonical_json({"b": [1, True, None], "a": "é\n"}) == (
        '{"a":"é\\n","b":[1,true,null]}'.encode()
    )


def test_the_terms_hash_has_a_known_answer():
    assert canonical_json(some_terms().model_dump(mode="json")).decode() == KNOWN_TEXT
    assert some_terms().sha256() == KNOWN_HASH


def test_terms_read_back_have_the_same_hash():
    terms = some_terms()

    again = Terms.model_validate_json(canonical_json(terms.model_dump(mode="json")))

    assert again == terms
    assert again.sha256() == terms.sha256()


CHANGED = {
    "version": 2,
    "contract_id": f"ctr_{NUMBER[:-1]}9",
    "deal_id": f"ofr_{NUMBER[:-1]}9",
    "listing_id": f"lst_{NUMBER[:-1]}9",
    "goods": "CODE",
    "asset_id": "1819",
    "snapshot_sha256": "ac" * 32,
    "title": "Cafe\u0301 of Kings",
    "seller_id": f"usr_{NUMBER[:-1]}9",
    "buyer_id": f"usr_{NUMBER[:-1]}9",
    "price": Money(430_001, Currency.USD),
    "rail": "USDC_BASE",
    "seller_fee": Fee(basis_points=291, fixed_minor=30),
    "buyer_fee": Fee(basis_points=0, fixed_minor=1),
    "windows": some_terms().windows.model_copy(update={"inspection_s": 1}),
    "tranches": (),
    "conditions": "as is",
}


def test_every_field_of_the_terms_is_tried():
    assert CHANGED.keys() == Terms.model_fields.keys()


@pytest.mark.parametrize("field", CHANGED)
def test_another_value_of_any_field_is_another_hash(field):
    assert some_terms(**{field: CHANGED[field]}).sha256() != some_terms().sha256()


@given(st.integers(0, 10**12), st.integers(0, 10_000), st.integers(0, 10**6))
def test_a_fee_is_never_more_than_the_price(minor, points, fixed):
    price = Money(minor, Currency.USD)
    fee = Fee(basis_points=points, fixed_minor=fixed).of(price)

    assert fee <= price
    assert fee.minor in (minor, minor * points // 10_000 + fixed)
