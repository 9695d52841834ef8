"""Fees, rails and windows, as they go into the terms."""

from __future__ import annotations

import hashlib

import pytest
from contracts.domain.errors import WindowsTooLong
from contracts.domain.wording import breakable, duration, in_words, legible
from contracts_builders import a_deal, a_policy
from contracts_schema.goods import GoodsKind
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Rail, Terms, canonical_json
from hypothesis import given
from hypothesis import strategies as st

DAY = 86_400


def usd(minor: int) -> Money:
    return Money(minor, Currency.USD)


def terms(**changes) -> Terms:
    return a_policy().terms(a_deal(**changes))


def test_the_demo_deal_costs_the_seller_125_dollars():
    made = terms(price=usd(430_000))

    assert made.rail is Rail.STRIPE
    assert made.seller_fee.of(made.price) == usd(12_500)
    assert made.buyer_fee.of(made.price) == usd(0)


def test_the_terms_say_which_kind_of_goods_was_listed():
    assert terms().goods is GoodsKind.GAME_OWNERSHIP
    assert terms(kind="ACCOUNT").goods is GoodsKind.ACCOUNT


@pytest.mark.parametrize(
    ("minor", "rail", "fee"),
    [
        (1, Rail.STRIPE, 1),
        (100, Rail.STRIPE, 32),
        (999_999, Rail.STRIPE, 29_029),
        (1_000_000, Rail.STRIPE, 29_030),
        (1_000_001, Rail.USDC_BASE, 10_000),
        (123_456_789, Rail.USDC_BASE, 1_234_567),
    ],
)
def test_ten_thousand_dollars_still_go_through_stripe(minor, rail, fee):
    made = terms(price=usd(minor))

    assert (made.rail, made.seller_fee.of(made.price)) == (rail, usd(fee))


@given(st.integers(1, 10**12))
def test_fee_and_net_are_the_price_and_nobody_pays_to_sell(minor):
    made = terms(price=usd(minor))
    fee = made.seller_fee.of(made.price)

    assert fee + (made.price - fee) == made.price
    assert sum(part.amount.minor for part in made.tranches) == minor


def test_the_windows_are_the_houses_and_the_listings():
    windows = terms(delivery_s=3 * DAY).windows

    assert (windows.funding_s, windows.delivery_s) == (3 * DAY, 3 * DAY)
    assert (windows.inspection_s, windows.inspection_proven_s) == (7 * DAY, DAY)


def test_windows_longer_than_stripe_holds_money_are_refused():
    policy = a_policy(inspection_window_s=75 * DAY)
    policy.check(policy.terms(a_deal(delivery_s=7 * DAY)))

    with pytest.raises(WindowsTooLong, match=r"86\.0 days.*85 days"):
        policy.check(policy.terms(a_deal(delivery_s=8 * DAY)))


def test_a_rail_without_such_a_limit_takes_long_windows():
    policy = a_policy(inspection_window_s=75 * DAY)

    policy.check(policy.terms(a_deal(delivery_s=30 * DAY, price=usd(2_000_000))))


@given(st.text(max_size=255), st.text(max_size=500))
def test_terms_survive_their_canonical_form(title, conditions):
    made = terms(title=title, conditions=conditions)
    written = canonical_json(made.model_dump(mode="json"))

    again = Terms.model_validate_json(written)

    assert again == made
    assert again.sha256() == hashlib.sha256(written).hexdigest()


def test_the_same_deal_has_the_same_hash_and_any_change_another():
    assert terms().sha256() == terms().sha256()
    assert terms().sha256() != terms(conditions="The group moves too.").sha256()


def test_characters_that_reorder_or_hide_others_are_spelled_out():
    assert legible("pay \u202e001\u202c now\u200b\x07") == (
        "pay ⟨U+202E⟩001⟨U+202C⟩ now⟨U+200B⟩⟨U+0007⟩"
    )
    assert legible("שלום 안녕 👍🏽 e\u0301 a\u200db") == "שלום 안녕 👍🏽 e\u0301 a\u200db"


def test_long_words_can_break_and_lose_nothing():
    assert breakable("w" * 500).replace("\u200b", "") == "w" * 500
    assert max(len(part) for part in breakable("w" * 500).split("\u200b")) == 16
    assert breakable("short words stay") == "short words stay"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3600, "1 hour"), (604_800, "7 days"), (90_060, "1 day 1 hour 1 minute"), (59, "59 seconds")],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_what_is_shown_is_what_will_be_charged():
    words = in_words(terms(price=usd(430_000)))

    assert words["seller_fee"] == "2.9 % + 0.30 USD = 125.00 USD"
    assert words["seller_receives"] == "4,175.00 USD"
    assert words["buyer_pays"] == "4,300.00 USD"
