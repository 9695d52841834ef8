"""The tables of listings and offers, and what an offer may be."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from contracts_schema.events.listings import Side, Visibility
from contracts_schema.ids import new_id
from contracts_schema.money import Currency, Money
from hypothesis import given
from hypothesis import strategies as st
from listings.domain import listing as listings_
from listings.domain import offer as offers_
from listings.domain.errors import (
    AmountTooHigh,
    CurrencyMismatch,
    ListingReserved,
    NotYourTurn,
    OwnListing,
    WrongState,
)
from listings.domain.listing import Listing
from listings.domain.offer import Offer

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SELLER, BUYER = new_id("usr"), new_id("usr")


def a_listing(state=listings_.State.ACTIVE, price=450_000) -> Listing:
    return Listing(
        new_id("lst"), SELLER, "1", "Tower", "", Money(price, Currency.USD), "game",
        Visibility.PUBLIC, 3600, NOW, state,
    )  # fmt: skip


def an_offer(state=offers_.State.PENDING, made_by=Side.BUYER) -> Offer:
    return Offer(
        new_id("ofr"), new_id("lst"), BUYER, SELLER, made_by, Money(1, Currency.USD), "",
        NOW + timedelta(hours=72), NOW, state,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "action"),
    [p for p in product(listings_.State, listings_.Action) if p not in listings_.TRANSITIONS],
)
def test_what_the_listing_s_table_omits_is_refused(state, action):
    with pytest.raises(WrongState, match=state):
        a_listing(state).after(action)


@pytest.mark.parametrize(
    ("state", "action"),
    [p for p in product(offers_.State, offers_.Action) if p not in offers_.TRANSITIONS],
)
def test_what_the_offer_s_table_omits_is_refused(state, action):
    with pytest.raises(WrongState, match=state):
        an_offer(state).after(action)


@pytest.mark.parametrize("made_by", list(Side))
@pytest.mark.parametrize("action", sorted(offers_.ANSWERS))
def test_only_the_other_side_answers(made_by, action):
    users = {Side.BUYER: BUYER, Side.SELLER: SELLER}
    offer = an_offer(made_by=made_by)

    with pytest.raises(NotYourTurn):
        offer.by(users[made_by], action, NOW)
    assert offer.by(users[made_by.other], action, NOW).version == offer.version + 1


@pytest.mark.parametrize("made_by", list(Side))
def test_only_the_maker_withdraws(made_by):
    users = {Side.BUYER: BUYER, Side.SELLER: SELLER}
    offer = an_offer(made_by=made_by)

    with pytest.raises(NotYourTurn):
        offer.by(users[made_by.other], offers_.Action.WITHDRAW, NOW)
    assert offer.by(users[made_by], offers_.Action.WITHDRAW, NOW).state is offers_.State.WITHDRAWN


def test_an_offer_whose_time_is_over_cannot_be_accepted_before_its_timer_fired():
    with pytest.raises(WrongState, match="EXPIRED"):
        an_offer().by(SELLER, offers_.Action.ACCEPT, NOW + timedelta(hours=72))


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_an_offer_is_at_most_the_asking_price(price, amount):
    listing = a_listing(price=price)

    if amount <= price:
        listing.check_offer(BUYER, Money(amount, Currency.USD))
    else:
        with pytest.raises(AmountTooHigh):
            listing.check_offer(BUYER, Money(amount, Currency.USD))


def test_nobody_buys_their_own_listing():
    with pytest.raises(OwnListing):
        a_listing().check_offer(SELLER, Money(1, Currency.USD))


def test_an_offer_in_another_currency_is_refused():
    with pytest.raises(CurrencyMismatch):
        a_listing().check_offer(BUYER, Money(1, Currency.USDC))


def test_a_reserved_listing_says_why_it_takes_no_offer():
    with pytest.raises(ListingReserved, match="accepted"):
        a_listing(listings_.State.RESERVED).check_offer(BUYER, Money(1, Currency.USD))
