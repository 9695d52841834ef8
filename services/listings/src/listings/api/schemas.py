"""What listings' REST takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http.lists import Asked
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


class ListingOut(BaseModel):
    """Something for sale."""

    listing_id: str
    seller_id: str
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

    @classmethod
    def of(cls, listing: Listing) -> ListingOut:
        """The listing as REST shows it."""
        return cls.model_validate(listing, from_attributes=True)


class ListingPage(BaseModel):
    """A page of listings, newest first."""

    data: list[ListingOut]
    next_cursor: str | None


class OfferOut(BaseModel):
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

    @classmethod
    def of(cls, offer: Offer) -> OfferOut:
        """The offer as REST shows it."""
        pending = offer.state is offers_.State.PENDING
        fields = {name: getattr(offer, name) for name in cls.model_fields if name != "turn"}
        return cls(**fields, turn=offer.made_by.other if pending else None)


class OfferPage(BaseModel):
    """A page of offers, newest first."""

    data: list[OfferOut]
    next_cursor: str | None
