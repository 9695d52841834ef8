"""A listing's life as a table: a pair that is absent is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from contracts_schema.actions import EVERYBODY
from contracts_schema.events.listings import Side, Visibility
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.money import Money

from listings.domain.asset import AssetName, VerifiedAsset
from listings.domain.errors import (
    AmountTooHigh,
    AssetListed,
    CurrencyMismatch,
    ListingReserved,
    OwnListing,
    WrongState,
)


class State(StrEnum):
    """Where a listing stands."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    RESERVED = "RESERVED"
    SOLD = "SOLD"
    INACTIVE = "INACTIVE"
    CANCELLED = "CANCELLED"


class Action(StrEnum):
    """What can happen to a listing."""

    ACTIVATE = "be activated"
    REJECT = "be rejected"
    EDIT = "be edited"
    RESERVE = "be reserved"
    REOPEN = "be reopened"
    SELL = "be sold"
    WITHDRAW = "be withdrawn"


TRANSITIONS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.DRAFT, Action.ACTIVATE): State.ACTIVE,
        (State.DRAFT, Action.REJECT): State.CANCELLED,
        (State.DRAFT, Action.EDIT): State.DRAFT,
        (State.DRAFT, Action.WITHDRAW): State.CANCELLED,
        (State.ACTIVE, Action.EDIT): State.ACTIVE,
        (State.ACTIVE, Action.RESERVE): State.RESERVED,
        (State.ACTIVE, Action.WITHDRAW): State.CANCELLED,
        (State.RESERVED, Action.REOPEN): State.ACTIVE,
        (State.RESERVED, Action.REJECT): State.CANCELLED,
        (State.RESERVED, Action.SELL): State.SOLD,
        (State.INACTIVE, Action.ACTIVATE): State.ACTIVE,
        (State.INACTIVE, Action.WITHDRAW): State.CANCELLED,
    }
)


class Verb(StrEnum):
    """What a person may do with a listing: the word on buttons and in events."""

    MAKE_OFFER = "make_offer"
    EDIT = "edit"
    WITHDRAW = "withdraw_listing"
    VIEW_OFFERS = "view_offers"


STEPS: Mapping[Verb, tuple[Side, Action]] = MappingProxyType(
    {
        Verb.MAKE_OFFER: (Side.BUYER, Action.RESERVE),
        Verb.EDIT: (Side.SELLER, Action.EDIT),
        Verb.WITHDRAW: (Side.SELLER, Action.WITHDRAW),
    }
)
"""Who takes each step, and the action that the table has to allow: an offer may be accepted."""
WITH_OFFERS = frozenset({State.ACTIVE, State.RESERVED})
"""Where there may be offers to look at, for everybody their own."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Something for sale: a game, its price, and who offers it."""

    listing_id: str
    seller_id: str
    asset_id: str
    title: str
    summary: str
    price: Money
    category: str
    visibility: Visibility
    delivery_window_s: int
    created_at: datetime
    state: State = State.DRAFT
    version: int = 1
    guild_id: str | None = None
    channel_id: str | None = None
    snapshot_id: str | None = None
    snapshot_sha256: str = ""
    thumbnail_url: str = ""
    deal_id: str | None = None
    kind: str = DEFAULT_KIND

    @property
    def asset(self) -> AssetName:
        """What is for sale."""
        return AssetName(self.kind, self.asset_id)

    def after(self, action: Action) -> Listing:
        """The listing one version later; raises WrongState where the table has no way."""
        try:
            state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState("listing", action, self.state) from None
        return replace(self, state=state, version=self.version + 1)

    def activated(self, proof: VerifiedAsset) -> Listing:
        """The listing live, with what proves that it is its seller's."""
        return replace(
            self.after(Action.ACTIVATE),
            snapshot_id=proof.snapshot_id,
            snapshot_sha256=proof.snapshot_sha256,
            thumbnail_url=proof.thumbnail_url,
        )

    def listed_instead_of(self, seller_id: str) -> AssetListed:
        """Why this seller cannot have the asset live now: this listing is, theirs or not."""
        if self.seller_id != seller_id:
            return AssetListed()
        return AssetListed("asset_listed_by_you", listing_id=self.listing_id, title=self.title)

    def visible_to(self, user_id: str, guild_id: str | None) -> bool:
        """Seen by its seller always; by others once proven, if public or of their own guild."""
        if self.seller_id == user_id:
            return True
        if self.snapshot_id is None:
            return False
        at_home = guild_id is not None and guild_id == self.guild_id
        return at_home or self.visibility is Visibility.PUBLIC

    def may(self, user_id: str, guild_id: str | None = None) -> tuple[Verb, ...]:
        """What this person may do now, by state and side; who is nobody may only read."""
        if not user_id or not self.visible_to(user_id, guild_id):
            return ()
        return self._steps(Side.SELLER if user_id == self.seller_id else Side.BUYER)

    def actions(self) -> dict[str, tuple[Verb, ...]]:
        """What the seller may do now, and what everybody else who may see the listing."""
        by_user = {self.seller_id: self._steps(Side.SELLER), EVERYBODY: self._steps(Side.BUYER)}
        return {user_id: verbs for user_id, verbs in by_user.items() if verbs}

    def facts(self) -> dict[str, Any]:
        """What every event of this listing carries: whose it is, and what may be done next."""
        return {
            "listing_id": self.listing_id,
            "seller_id": self.seller_id,
            "actions": self.actions(),
        }

    def _steps(self, side: Side) -> tuple[Verb, ...]:
        steps = tuple(
            verb
            for verb, (who, action) in STEPS.items()
            if who is side and (self.state, action) in TRANSITIONS
        )
        return (*steps, Verb.VIEW_OFFERS) if self.state in WITH_OFFERS else steps

    def check_offer(self, buyer_id: str, amount: Money) -> None:
        """Refuse an offer that this listing cannot take."""
        if self.state is State.RESERVED:
            raise ListingReserved()
        if Verb.MAKE_OFFER not in self._steps(Side.BUYER):
            raise WrongState("listing", "take offers", self.state)
        if buyer_id == self.seller_id:
            raise OwnListing()
        self.check_amount(amount)

    def check_amount(self, amount: Money) -> None:
        """Refuse an amount in another currency or above the asking price."""
        self.check_currency(amount)
        if self.price < amount:
            raise AmountTooHigh(price=self.price, amount=amount)

    def check_currency(self, amount: Money) -> None:
        """Refuse an amount in another currency: a listing keeps the one it began with."""
        if amount.currency is not self.price.currency:
            raise CurrencyMismatch(currency=self.price.currency)
