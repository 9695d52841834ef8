"""What listings tells: things for sale and the prices put to the other side."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from contracts_schema.actions import Verbs
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import DealId, ListingId, OfferId, UserId
from contracts_schema.message import Event
from contracts_schema.money import Money


class Visibility(StrEnum):
    """Who may see a listing: everybody, or its own guild."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


class Side(StrEnum):
    """The two sides of a negotiation; they never swap."""

    BUYER = "buyer"
    SELLER = "seller"

    @property
    def other(self) -> "Side":
        """The one across the table."""
        return Side.SELLER if self is Side.BUYER else Side.BUYER


class _ListingEvent(Event):
    subject_field: ClassVar[str] = "listing_id"

    listing_id: ListingId
    seller_id: UserId
    actions: dict[str, Verbs] = Field(default_factory=dict)
    """What may be done with the listing next, by user id; ``*`` is everybody else."""


class ListingCreated(_ListingEvent):
    """A draft exists; it goes live when its ownership is verified."""

    topic: ClassVar[str] = "listings.listing_created.v1"

    asset_id: str
    kind: str = DEFAULT_KIND
    title: str
    price: Money
    guild_id: str | None = None
    visibility: Visibility = Visibility.PUBLIC


class ListingActivated(_ListingEvent):
    """The listing is live, with a verified owner and a snapshot."""

    topic: ClassVar[str] = "listings.listing_activated.v1"

    asset_id: str
    kind: str = DEFAULT_KIND
    title: str
    summary: str = ""
    category: str = ""
    price: Money
    guild_id: str | None = None
    channel_id: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    thumbnail_url: str = ""


class ListingUpdated(_ListingEvent):
    """The listing reads differently now."""

    topic: ClassVar[str] = "listings.listing_updated.v1"

    title: str
    price: Money


class ListingReserved(_ListingEvent):
    """An offer was accepted: nobody else can buy it meanwhile."""

    topic: ClassVar[str] = "listings.listing_reserved.v1"

    deal_id: DealId


class ListingReopened(_ListingEvent):
    """The deal came to nothing; the listing is live again."""

    topic: ClassVar[str] = "listings.listing_reopened.v1"

    deal_id: DealId
    reason_code: str = ""


class ListingSold(_ListingEvent):
    """The deal ended with the money released."""

    topic: ClassVar[str] = "listings.listing_sold.v1"

    deal_id: DealId
    buyer_id: UserId


class ListingCancelled(_ListingEvent):
    """The listing is gone: withdrawn, not its seller's to sell, or on sale in another listing."""

    topic: ClassVar[str] = "listings.listing_cancelled.v1"

    reason_code: str = ""


class _OfferEvent(Event):
    subject_field: ClassVar[str] = "offer_id"

    offer_id: OfferId
    listing_id: ListingId
    title: str
    buyer_id: UserId
    seller_id: UserId
    amount: Money
    actions: dict[str, Verbs] = Field(default_factory=dict)
    """What each side may do with the offer next, by user id."""


class OfferMade(_OfferEvent):
    """A price was put to the seller."""

    topic: ClassVar[str] = "listings.offer_made.v1"

    made_by: Side = Side.BUYER
    expires_at: datetime


class OfferCountered(_OfferEvent):
    """A price was answered by another; the earlier offer is closed, this one is open."""

    topic: ClassVar[str] = "listings.offer_countered.v1"

    parent_id: OfferId
    made_by: Side
    expires_at: datetime


class OfferAccepted(_OfferEvent):
    """The two agree. From here on it is a deal whose id is this offer's."""

    topic: ClassVar[str] = "listings.offer_accepted.v1"

    accepted_by: Side
    asset_id: str
    kind: str = DEFAULT_KIND
    snapshot_sha256: str
    conditions: str = ""
    delivery_window_s: int
    guild_id: str | None = None


class OfferDeclined(_OfferEvent):
    """The other side said no, or the listing went to somebody else."""

    topic: ClassVar[str] = "listings.offer_declined.v1"

    reason_code: str = "declined"
    declined_by: Side | None = None
    """Who said no; None when nobody did, but the listing went away."""


class OfferWithdrawn(_OfferEvent):
    """Who made the offer took it back."""

    topic: ClassVar[str] = "listings.offer_withdrawn.v1"

    made_by: Side = Side.BUYER


class OfferExpired(_OfferEvent):
    """Nobody answered in time."""

    topic: ClassVar[str] = "listings.offer_expired.v1"

    made_by: Side = Side.BUYER
