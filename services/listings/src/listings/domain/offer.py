"""An offer's life as a table. Buyer and seller never swap; only whose turn it is changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from contracts_schema.events.listings import Side
from contracts_schema.money import Money

from listings.domain.errors import NotYourTurn, WrongState


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

    def side_of(self, user_id: str) -> Side | None:
        """Which side this user is on, if any."""
        return {self.buyer_id: Side.BUYER, self.seller_id: Side.SELLER}.get(user_id)

    def by(self, user_id: str, action: Action, now: datetime) -> Offer:
        """The offer after this user's step; raises NotYourTurn or WrongState."""
        side = self.side_of(user_id)
        if action in ANSWERS and side is self.made_by:
            raise NotYourTurn("answered_by_the_other")
        if action in MAKERS and side is not self.made_by:
            raise NotYourTurn("withdrawn_by_its_maker")
        if self.state is State.PENDING and now >= self.expires_at and action is not Action.EXPIRE:
            raise WrongState("offer", action, State.EXPIRED)
        return self.after(action)

    def after(self, action: Action) -> Offer:
        """The offer one version later; raises WrongState where the table has no way."""
        try:
            state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState("offer", action, self.state) from None
        return replace(self, state=state, version=self.version + 1)
