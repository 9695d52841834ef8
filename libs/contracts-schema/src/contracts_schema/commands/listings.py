"""What people ask listings to do."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from contracts_schema.events.listings import Visibility
from contracts_schema.goods import DEFAULT_KIND, AssetId, TradedKind
from contracts_schema.ids import ListingId, OfferId
from contracts_schema.message import Command
from contracts_schema.money import Money

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def _positive(money: Money) -> Money:
    if money.minor <= 0:
        raise ValueError("the amount must be more than 0")
    return money


Price = Annotated[Money, AfterValidator(_positive)]


class CreateListing(Command):
    """Put one's own game up for sale."""

    topic: ClassVar[str] = "listings.create_listing.v1"

    kind: TradedKind = DEFAULT_KIND
    asset_id: AssetId
    title: str = Field(min_length=1, max_length=255)
    summary: str = Field(default="", max_length=1000)
    price: Price
    category: str = Field(default="game", min_length=1, max_length=100)
    visibility: Visibility = Visibility.PUBLIC
    delivery_window_s: int = Field(default=7 * DAY_S, ge=HOUR_S, le=30 * DAY_S, strict=True)


class WithdrawListing(Command):
    """Take one's listing down."""

    topic: ClassVar[str] = "listings.withdraw_listing.v1"

    listing_id: ListingId


class MakeOffer(Command):
    """Put a price to the seller."""

    topic: ClassVar[str] = "listings.make_offer.v1"

    listing_id: ListingId
    amount: Price
    conditions: str = Field(default="", max_length=500)
    expires_in_s: int = Field(default=3 * DAY_S, ge=HOUR_S, le=14 * DAY_S, strict=True)


class CounterOffer(Command):
    """Answer a price with another."""

    topic: ClassVar[str] = "listings.counter_offer.v1"

    offer_id: OfferId
    amount: Price
    conditions: str = Field(default="", max_length=500)
    expires_in_s: int = Field(default=3 * DAY_S, ge=HOUR_S, le=14 * DAY_S, strict=True)


class AcceptOffer(Command):
    """Agree to the price of the other side."""

    topic: ClassVar[str] = "listings.accept_offer.v1"

    offer_id: OfferId


class DeclineOffer(Command):
    """Say no to the other side's price."""

    topic: ClassVar[str] = "listings.decline_offer.v1"

    offer_id: OfferId


class WithdrawOffer(Command):
    """Take one's own price back."""

    topic: ClassVar[str] = "listings.withdraw_offer.v1"

    offer_id: OfferId
