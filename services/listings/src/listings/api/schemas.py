"""What listings' REST takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

from chassis.http.lists import Asked
from contracts_schema.actions import Action
from contracts_schema.commands.listings import DAY_S, HOUR_S, Price
from contracts_schema.events.listings import Side, Visibility
from contracts_schema.ids import ListingId, OfferId
from contracts_schema.money import Money
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from listings.domain import listing as listings_
from listings.domain import offer as offers_
from listings.domain.listing import Listing
from listings.domain.offer import Offer

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
ListingPath = Annotated[ListingId, Path()]
OfferPath = Annotated[OfferId, Path()]
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_LINES)]


class AskedListings(Asked):
    """Which page of which listings."""

    category: str | None = Field(None, min_length=1, max_length=100, pattern=r"^[^\x00]*$")
    mine: bool = False


class AskedOffers(Asked):
    """Which page of which offers."""

    listing_id: ListingId | None = None


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EditIn(_In):
    """What changes; what is left out stays."""

    title: Line | None = Field(default=None, min_length=1, max_length=255)
    summary: Line | None = Field(default=None, max_length=1000)
    price: Price | None = None
    category: Line | None = Field(default=None, min_length=1, max_length=100)


class OfferIn(_In):
    """A price, its conditions and how long it stands."""

    amount: Price
    conditions: Line = Field(default="", max_length=500)
    expires_in_s: int = Field(default=3 * DAY_S, ge=HOUR_S, le=14 * DAY_S, strict=True)


class DraftIn(_In):
    """What a person had typed so far."""

    amount: Line = Field(default="", max_length=30)
    conditions: Line = Field(default="", max_length=500)


class DraftOut(DraftIn):
    """The draft, and until when it is kept."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Step:
    """How a step is asked for, as a route in which an id is filled in."""

    verb: str
    method: Method
    route: str
    preview: str = ""

    def at(self, subject_id: str, until: datetime | None = None) -> Action:
        """The step for this listing or offer."""
        route, preview = self.route.format(subject_id), self.preview.format(subject_id)
        return Action(verb=self.verb, method=self.method, route=route, preview=preview, until=until)


_LISTING_ACTIONS = {
    each.verb: each
    for each in (
        _Step(listings_.Verb.MAKE_OFFER, "POST", "/v1/listings/{}/offers"),
        _Step(listings_.Verb.VIEW_OFFERS, "GET", "/v1/offers?listing_id={}"),
        _Step(listings_.Verb.EDIT, "PATCH", "/v1/listings/{}"),
        _Step(listings_.Verb.WITHDRAW, "DELETE", "/v1/listings/{}"),
    )
}
_OFFER_ACTIONS = {
    each.verb: each
    for each in (
        _Step(offers_.Verb.ACCEPT, "POST", "/v1/offers/{}/accept", "/v1/offers/{}"),
        _Step(offers_.Verb.COUNTER, "POST", "/v1/offers/{}/counter"),
        _Step(offers_.Verb.DECLINE, "POST", "/v1/offers/{}/decline", "/v1/offers/{}"),
        _Step(offers_.Verb.WITHDRAW, "POST", "/v1/offers/{}/withdraw"),
    )
}


@dataclass(frozen=True, slots=True)
class ListingOut:
    """Something for sale."""

    listing_id: str
    seller_id: str
    kind: str
    asset_id: str
    title: str
    summary: str
    price: Money
    category: str
    visibility: Visibility
    delivery_window_s: int
    state: listings_.State
    version: int
    thumbnail_url: str
    snapshot_id: str | None
    deal_id: str | None
    created_at: datetime
    actions: list[Action]

    @classmethod
    def of(cls, listing: Listing, reader: str, guild_id: str | None = None) -> ListingOut:
        """The listing as this reader is shown it."""
        verbs = listing.may(reader, guild_id)
        actions = [_LISTING_ACTIONS[verb].at(listing.listing_id) for verb in verbs]
        values = {name: getattr(listing, name) for name in _LISTING_FIELDS}
        return cls(**values, actions=actions)


_LISTING_FIELDS = tuple(each.name for each in fields(ListingOut) if each.name != "actions")


class ListingPage(BaseModel):
    """A page of listings, newest first."""

    data: list[ListingOut]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OfferOut:
    """A price put to the other side, and whose turn it is."""

    offer_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    made_by: Side
    turn: Side | None
    amount: Money
    conditions: str
    state: offers_.State
    version: int
    parent_id: str | None
    expires_at: datetime
    created_at: datetime
    actions: list[Action]

    @classmethod
    def of(cls, offer: Offer, reader: str, now: datetime) -> OfferOut:
        """The offer as this reader is shown it."""
        verbs = offer.may(offer.side_of(reader), now)
        until = offer.expires_at
        actions = [_OFFER_ACTIONS[verb].at(offer.offer_id, until) for verb in verbs]
        pending = offer.state is offers_.State.PENDING
        turn = offer.made_by.other if pending else None
        values = {name: getattr(offer, name) for name in _OFFER_FIELDS}
        return cls(**values, turn=turn, actions=actions)


_OFFER_FIELDS = tuple(
    each.name for each in fields(OfferOut) if each.name not in ("turn", "actions")
)


class OfferPage(BaseModel):
    """A page of offers, newest first."""

    data: list[OfferOut]
    next_cursor: str | None
