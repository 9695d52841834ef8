"""What a person is shown that they may do is what they may do, in every state, on every side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contracts_schema.actions import EVERYBODY
from contracts_schema.events.listings import Side, Visibility
from contracts_schema.ids import new_id
from contracts_schema.money import Currency, Money
from hypothesis import given
from hypothesis import strategies as st
from listings.api.schemas import ListingOut, OfferOut
from listings.domain import listing as listings_
from listings.domain import offer as offers_
from listings.domain.errors import ListingsError
from listings.domain.listing import Listing
from listings.domain.offer import Offer

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=72)
SELLER, BUYER, STRANGER, NOBODY = new_id("usr"), new_id("usr"), new_id("usr"), ""
GUILD = "9"


@st.composite
def listings(draw: st.DrawFn) -> Listing:
    """Any listing there can be: in any state, for everybody or for its guild."""
    state = draw(st.sampled_from(listings_.State))
    proven = state not in (listings_.State.DRAFT, listings_.State.CANCELLED) or draw(st.booleans())
    reserved = state in (listings_.State.RESERVED, listings_.State.SOLD)
    return Listing(
        new_id("lst"), SELLER, "1", "Tower", "", Money(100, Currency.USD), "game",
        draw(st.sampled_from(Visibility)), 3600, NOW, state, guild_id=GUILD,
        snapshot_id=new_id("snp") if proven else None, deal_id=new_id("ofr") if reserved else None,
    )  # fmt: skip


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Any offer there can be: in any state, made by either side."""
    made_by, state = draw(st.sampled_from(Side)), draw(st.sampled_from(offers_.State))
    return Offer(
        new_id("ofr"), new_id("lst"), BUYER, SELLER, made_by, Money(1, Currency.USD), "",
        LATER, NOW, state,
    )  # fmt: skip


class NotFound(ListingsError):
    """As the handlers say it to who may not know of the thing."""


def steps_on(listing: Listing, who: str, guild_id: str | None) -> dict[str, Callable[[], object]]:
    """What each verb's command does first."""

    def make_offer() -> None:
        if not who or not listing.visible_to(who, guild_id):
            raise NotFound
        listing.check_offer(who, listing.price)

    def change(action: listings_.Action) -> None:
        if who != listing.seller_id:
            raise NotFound
        listing.after(action)

    return {
        "make_offer": make_offer,
        "edit": lambda: change(listings_.Action.EDIT),
        "withdraw_listing": lambda: change(listings_.Action.WITHDRAW),
    }


def agree(shown: tuple[str, ...], steps: dict[str, Callable[[], object]]) -> None:
    for verb, take in steps.items():
        if verb in shown:
            take()
        else:
            with pytest.raises(ListingsError):
                take()


@given(
    listings(),
    st.sampled_from([SELLER, STRANGER, NOBODY]),
    st.sampled_from([GUILD, "8", None]),
)
def test_what_is_shown_of_a_listing_is_not_refused_and_the_rest_is(listing, who, guild_id):
    agree(listing.may(who, guild_id), steps_on(listing, who, guild_id))


@given(
    offers(),
    st.sampled_from([SELLER, BUYER, STRANGER]),
    st.sampled_from([NOW, LATER - timedelta(microseconds=1), LATER]),
)
def test_what_is_shown_of_an_offer_is_not_refused_and_the_rest_is(offer, who, now):
    steps = {
        verb: lambda action=action: offer.by(who, action, now)
        for verb, action in offers_.STEPS.items()
    }
    if (side := offer.side_of(who)) is None:
        assert offer.may(side, now) == ()
    else:
        agree(offer.may(side, now), steps)


@given(listings())
def test_events_say_of_a_listing_what_reading_says(listing):
    told = listing.actions()
    assert told.keys() <= {SELLER, EVERYBODY}

    at_home = {who: [it.verb for it in ListingOut.of(listing, who, GUILD).actions] for who in
               (SELLER, STRANGER)}  # fmt: skip
    assert at_home[SELLER] == list(told.get(SELLER, ()))
    if listing.snapshot_id is not None:
        assert at_home[STRANGER] == list(told.get(EVERYBODY, ()))
    assert ListingOut.of(listing, NOBODY, None).actions == []


@given(offers(), st.sampled_from([NOW, LATER]))
def test_events_say_of_an_offer_what_reading_says(offer, now):
    told = offer.actions(now)

    for who in (SELLER, BUYER, STRANGER):
        read = OfferOut.of(offer, who, now).actions
        assert [each.verb for each in read] == list(told.get(who, ()))
        assert {each.until for each in read} <= {LATER}


def test_a_live_listing_takes_offers_and_its_seller_may_change_it():
    live = replace(
        Listing(
            new_id("lst"), SELLER, "1", "Tower", "", Money(100, Currency.USD), "game",
            Visibility.PUBLIC, 3600, NOW, listings_.State.ACTIVE,
        ),
        snapshot_id=new_id("snp"),
    )  # fmt: skip

    assert live.may(STRANGER) == ("make_offer", "view_offers")
    assert live.may(SELLER) == ("edit", "withdraw_listing", "view_offers")
    routes = {each.verb: (each.method, each.route) for each in ListingOut.of(live, SELLER).actions}
    path = f"/v1/listings/{live.listing_id}"
    assert routes["edit"] == ("PATCH", path)
    assert routes["withdraw_listing"] == ("DELETE", path)


def test_an_open_offer_is_the_other_side_s_to_answer():
    offer = Offer(
        new_id("ofr"), new_id("lst"), BUYER, SELLER, Side.BUYER, Money(1, Currency.USD), "",
        LATER, NOW,
    )  # fmt: skip

    assert offer.actions(NOW) == {
        SELLER: ("accept", "counter", "decline"),
        BUYER: ("withdraw_offer",),
    }
    assert offer.actions(LATER) == {}
