"""An offer's life as a table. Buyer and seller never swap; only whose turn it is changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from contracts_schema.events.listings import Side
from contracts_schema.money import Money

from listings.domain.errors import ListingsError, NotYourTurn, TooManyOffers, WrongState


class State(StrEnum):
    """Where an offer stands."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    COUNTERED = "COUNTERED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class Action(StrEnum):
    """What can happen to an offer."""

    ACCEPT = "be accepted"
    COUNTER = "be countered"
    DECLINE = "be declined"
    WITHDRAW = "be withdrawn"
    EXPIRE = "expire"


TRANSITIONS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.PENDING, Action.ACCEPT): State.ACCEPTED,
        (State.PENDING, Action.COUNTER): State.COUNTERED,
        (State.PENDING, Action.DECLINE): State.DECLINED,
        (State.PENDING, Action.WITHDRAW): State.WITHDRAWN,
        (State.PENDING, Action.EXPIRE): State.EXPIRED,
    }
)

MAKERS = frozenset({Action.WITHDRAW})
ANSWERS = frozenset({Action.ACCEPT, Action.COUNTER, Action.DECLINE})


class Verb(StrEnum):
    """What a side may do with an offer: the word on buttons and in events."""

    ACCEPT = "accept"
    COUNTER = "counter"
    DECLINE = "decline"
    WITHDRAW = "withdraw_offer"


STEPS: Mapping[Verb, Action] = MappingProxyType(
    {
        Verb.ACCEPT: Action.ACCEPT,
        Verb.COUNTER: Action.COUNTER,
        Verb.DECLINE: Action.DECLINE,
        Verb.WITHDRAW: Action.WITHDRAW,
    }
)
"""The action that each step is."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many open offers one buyer may have: a negotiation is one, whose turn it ever is."""

    on_listing: int = 3
    in_all: int = 50

    def check(self, on_listing: int, in_all: int) -> None:
        """Refuse what is more than that; raises TooManyOffers."""
        if on_listing > self.on_listing:
            raise TooManyOffers("too_many_offers_on_listing", most=self.on_listing)
        if in_all > self.in_all:
            raise TooManyOffers(most=self.in_all)


DEFAULT_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Offer:
    """A price put to the other side."""

    offer_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    made_by: Side
    amount: Money
    conditions: str
    expires_at: datetime
    created_at: datetime
    state: State = State.PENDING
    version: int = 1
    parent_id: str | None = None

    @property
    def sides(self) -> dict[str, Side]:
        """The two who negotiate, by user id."""
        return {self.buyer_id: Side.BUYER, self.seller_id: Side.SELLER}

    def side_of(self, user_id: str) -> Side | None:
        """Which side this user is on, if any."""
        return self.sides.get(user_id)

    def by(self, user_id: str, action: Action, now: datetime) -> Offer:
        """The offer after this user's step; raises NotYourTurn or WrongState."""
        if (refusal := self._refusal(self.side_of(user_id), action, now)) is not None:
            raise refusal
        return self.after(action)

    def may(self, side: Side | None, now: datetime) -> tuple[Verb, ...]:
        """What this side may do now, decided as the commands decide it; no side may do nothing."""
        if side is None:
            return ()
        return tuple(
            verb for verb, action in STEPS.items() if self._refusal(side, action, now) is None
        )

    def actions(self, now: datetime) -> dict[str, tuple[Verb, ...]]:
        """What each side may do now, by user id; who may do nothing is left out."""
        by_user = {user_id: self.may(side, now) for user_id, side in self.sides.items()}
        return {user_id: verbs for user_id, verbs in by_user.items() if verbs}

    def facts(self, title: str, now: datetime) -> dict[str, Any]:
        """What every event of this offer carries: whose it is, and what each side may do next."""
        return {
            "offer_id": self.offer_id,
            "listing_id": self.listing_id,
            "title": title,
            "buyer_id": self.buyer_id,
            "seller_id": self.seller_id,
            "amount": self.amount,
            "actions": self.actions(now),
        }

    def _refusal(self, side: Side | None, action: Action, now: datetime) -> ListingsError | None:
        if action in ANSWERS and side is self.made_by:
            return NotYourTurn("answered_by_the_other")
        if action in MAKERS and side is not self.made_by:
            return NotYourTurn("withdrawn_by_its_maker")
        if self.state is State.PENDING and now >= self.expires_at:
            return WrongState("offer", action, State.EXPIRED)
        if (self.state, action) not in TRANSITIONS:
            return WrongState("offer", action, self.state)
        return None

    def after(self, action: Action) -> Offer:
        """The offer one version later; raises WrongState where the table has no way."""
        try:
            state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState("offer", action, self.state) from None
        return replace(self, state=state, version=self.version + 1)
