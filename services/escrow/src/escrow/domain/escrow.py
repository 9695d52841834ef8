"""One deal's money, from agreed price to final owner: its states are a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from contracts_schema.money import Money
from contracts_schema.terms import Fee, Rail, Windows

from escrow.domain.errors import FrozenEscrow, IllegalTransition, NotYours


class State(StrEnum):
    """Where the money stands."""

    AWAIT_FUNDS = "AWAIT_FUNDS"
    FUNDS_HELD = "FUNDS_HELD"
    DELIVERED = "DELIVERED"
    DISPUTED = "DISPUTED"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    SETTLING = "SETTLING"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class Action(StrEnum):
    """What can happen to it."""

    HOLD = "hold the money"
    CANCEL = "be cancelled"
    DELIVER = "take a delivery"
    REFUND = "be refunded"
    DISPUTE = "be disputed"
    RELEASE = "be released"
    RULE_RELEASE = "be ruled a release"
    RULE_REFUND = "be ruled a refund"
    RULE_SPLIT = "be ruled a split"
    WITHDRAW_DISPUTE_HELD = "have its dispute withdrawn before delivery"
    WITHDRAW_DISPUTE_DELIVERED = "have its dispute withdrawn after delivery"
    PAYOUT_SUCCEEDED = "be paid out"
    REFUND_SUCCEEDED = "be paid back"
    ALL_PAYOUTS_SUCCEEDED = "be settled"


class By(StrEnum):
    """Who takes a step."""

    BUYER = "buyer"
    SELLER = "seller"
    TIMER = "timer"
    PROOF = "proof"
    PROVIDER = "provider"
    ARBITRATOR = "arbitrator"
    SETTLEMENT = "settlement"
    SCREENING = "screening"


# The life of an escrow. A pair that is absent is refused.
TRANSITIONS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.AWAIT_FUNDS, Action.HOLD): State.FUNDS_HELD,
        (State.AWAIT_FUNDS, Action.CANCEL): State.CANCELLED,
        (State.FUNDS_HELD, Action.DELIVER): State.DELIVERED,
        (State.FUNDS_HELD, Action.REFUND): State.REFUNDING,
        (State.FUNDS_HELD, Action.DISPUTE): State.DISPUTED,
        (State.DELIVERED, Action.DISPUTE): State.DISPUTED,
        (State.DELIVERED, Action.RELEASE): State.RELEASING,
        (State.DELIVERED, Action.REFUND): State.REFUNDING,
        (State.DISPUTED, Action.RULE_RELEASE): State.RELEASING,
        (State.DISPUTED, Action.RULE_REFUND): State.REFUNDING,
        (State.DISPUTED, Action.RULE_SPLIT): State.SETTLING,
        (State.DISPUTED, Action.WITHDRAW_DISPUTE_HELD): State.FUNDS_HELD,
        (State.DISPUTED, Action.WITHDRAW_DISPUTE_DELIVERED): State.DELIVERED,
        (State.RELEASING, Action.PAYOUT_SUCCEEDED): State.RELEASED,
        (State.REFUNDING, Action.REFUND_SUCCEEDED): State.REFUNDED,
        (State.SETTLING, Action.ALL_PAYOUTS_SUCCEEDED): State.SETTLED,
    }
)

# Who may take which step in which state; a step that is absent is nobody's.
ACTORS: Mapping[tuple[State, Action], frozenset[By]] = MappingProxyType(
    {
        (State.AWAIT_FUNDS, Action.HOLD): frozenset({By.PROVIDER}),
        (State.AWAIT_FUNDS, Action.CANCEL): frozenset({By.BUYER, By.SELLER, By.TIMER}),
        (State.FUNDS_HELD, Action.DELIVER): frozenset({By.SELLER}),
        (State.FUNDS_HELD, Action.REFUND): frozenset({By.SELLER, By.TIMER, By.SCREENING}),
        (State.FUNDS_HELD, Action.DISPUTE): frozenset({By.BUYER, By.SELLER}),
        (State.DELIVERED, Action.DISPUTE): frozenset({By.BUYER, By.SELLER}),
        (State.DELIVERED, Action.RELEASE): frozenset({By.BUYER, By.TIMER, By.PROOF}),
        (State.DELIVERED, Action.REFUND): frozenset({By.SELLER}),
        (State.DISPUTED, Action.RULE_RELEASE): frozenset({By.ARBITRATOR, By.SETTLEMENT}),
        (State.DISPUTED, Action.RULE_REFUND): frozenset({By.ARBITRATOR, By.SETTLEMENT}),
        (State.DISPUTED, Action.RULE_SPLIT): frozenset({By.ARBITRATOR, By.SETTLEMENT}),
        (State.DISPUTED, Action.WITHDRAW_DISPUTE_HELD): frozenset({By.BUYER, By.SELLER}),
        (State.DISPUTED, Action.WITHDRAW_DISPUTE_DELIVERED): frozenset({By.BUYER, By.SELLER}),
        (State.RELEASING, Action.PAYOUT_SUCCEEDED): frozenset({By.PROVIDER}),
        (State.REFUNDING, Action.REFUND_SUCCEEDED): frozenset({By.PROVIDER}),
        (State.SETTLING, Action.ALL_PAYOUTS_SUCCEEDED): frozenset({By.PROVIDER}),
    }
)

TERMINAL = frozenset({State.RELEASED, State.REFUNDED, State.SETTLED, State.CANCELLED})


class Window(StrEnum):
    """The three clocks of a deal."""

    FUNDING = "funding"
    DELIVERY = "delivery"
    INSPECTION = "inspection"


# In which state which clock runs, and whose turn it is meanwhile.
RUNNING: Mapping[State, tuple[Window, By]] = MappingProxyType(
    {
        State.AWAIT_FUNDS: (Window.FUNDING, By.BUYER),
        State.FUNDS_HELD: (Window.DELIVERY, By.SELLER),
        State.DELIVERED: (Window.INSPECTION, By.BUYER),
    }
)


@dataclass(frozen=True, slots=True)
class Tranche:
    """A part of the price with its own release rule."""

    number: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Escrow:
    """The money of one contract."""

    escrow_id: str
    contract_id: str
    deal_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    title: str
    asset_id: str
    rail: Rail
    price: Money
    seller_fee: Fee
    windows: Windows
    tranches: tuple[Tranche, ...]
    terms_sha256: str
    deadline: datetime | None
    opened_at: datetime
    state: State = State.AWAIT_FUNDS
    version: int = 1
    frozen: bool = False

    def side_of(self, user_id: str) -> By | None:
        """Which party this user is, if any."""
        return {self.buyer_id: By.BUYER, self.seller_id: By.SELLER}.get(user_id)

    def after(self, action: Action, by: By, now: datetime) -> Escrow:
        """The escrow one version later, with the clock that runs in its new state.

        Raises IllegalTransition where the table has no way, NotYours where it is somebody else's
        step, and FrozenEscrow where nothing may move by itself.
        """
        try:
            state = TRANSITIONS[self.state, action]
        except KeyError:
            raise IllegalTransition(self.state, action) from None
        if by not in ACTORS[self.state, action]:
            raise NotYours(f"This is not a step of the {by}.")
        if self.frozen and by in {By.TIMER, By.PROOF}:
            raise FrozenEscrow("This escrow is frozen until an operator looked at it.")
        moved = replace(self, state=state, version=self.version + 1)
        return replace(moved, deadline=moved.window_end(now))

    def window_end(self, now: datetime) -> datetime | None:
        """When the clock that runs in this state ends, if it begins now."""
        if self.state not in RUNNING:
            return None
        return now + timedelta(seconds=self.window_s)

    @property
    def window_s(self) -> int:
        """How long the clock of this state runs, in seconds; 0 where none does."""
        lengths = {
            State.AWAIT_FUNDS: self.windows.funding_s,
            State.FUNDS_HELD: self.windows.delivery_s,
            State.DELIVERED: self.windows.inspection_s,
        }
        return lengths.get(self.state, 0)

    def proven(self, now: datetime) -> Escrow:
        """Delivery is proven on both sides: the inspection may only become shorter."""
        end = now + timedelta(seconds=self.windows.inspection_proven_s)
        earlier = end if self.deadline is None else min(self.deadline, end)
        return replace(self, deadline=earlier, version=self.version + 1)
