"""What the owners' answers hold, as far as a card shows it; further fields are ignored."""

from __future__ import annotations

from datetime import datetime

from contracts_schema.actions import Action
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.money import Money
from pydantic import AliasChoices, BaseModel, ConfigDict, Field


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TermsRead(_Read):
    """The terms of service in force, and where they can be read."""

    version: str = Field(pattern=r"^[0-9A-Za-z._-]{1,20}$")
    url: str = Field(pattern=r"^https?://", max_length=2000)


class Acted(_Read):
    """Something that the reader may do things with, as its owner says."""

    id: str
    actions: tuple[Action, ...] = ()


class ListingRead(Acted):
    """A listing as its owner shows it."""

    id: str = Field(validation_alias=AliasChoices("listing_id", "id"))
    title: str
    summary: str = ""
    category: str = ""
    price: Money
    state: str
    thumbnail_url: str | None = None


class OfferRead(Acted):
    """An offer as a party to it sees it."""

    id: str = Field(validation_alias=AliasChoices("offer_id", "id"))
    listing_id: str
    title: str = ""
    amount: Money
    state: str
    conditions: str = ""
    turn: str | None = None
    expires_at: datetime | None = None


class ContractRead(Acted):
    """A contract as a party to it sees it."""

    id: str = Field(validation_alias=AliasChoices("contract_id", "id"))
    title: str = ""
    price: Money
    state: str
    terms_sha256: str = ""
    waits_for: tuple[str, ...] = ()
    sign_before: datetime | None = None


class EscrowRead(Acted):
    """A deal's money as a party to it sees it."""

    id: str = Field(validation_alias=AliasChoices("escrow_id", "id"))
    title: str = ""
    price: Money
    state: str
    window: str = ""
    deadline: datetime | None = None
    if_nobody_acts: str = ""


class Share(_Read):
    """Who would get what."""

    seller: Money | None = None
    buyer: Money | None = None
    fee: Money | None = None


class PreviewRead(_Read):
    """What would happen to the money now, computed by the code that would do it."""

    title: str = ""
    held: Money | None = None
    if_released: Share = Share()
    if_refunded: Share = Share()
    if_cancelled: Share = Share()


class Experience(_Read):
    """Something that the person can sell."""

    kind: str = DEFAULT_KIND
    asset_id: str
    name: str
