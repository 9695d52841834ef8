"""What escrow tells: the money of one contract, from agreed price to final owner."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from contracts_schema.actions import Verbs
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import ContractId, DealId, EntityId, EscrowId, ListingId, UserId
from contracts_schema.message import Event
from contracts_schema.money import Money
from contracts_schema.terms import Rail


class _EscrowEvent(Event):
    subject_field: ClassVar[str] = "escrow_id"

    escrow_id: EscrowId
    deal_id: DealId
    listing_id: ListingId
    buyer_id: UserId
    seller_id: UserId
    title: str
    actions: dict[str, Verbs] = Field(default_factory=dict)
    """What each party may do next, by user id."""


class Opened(_EscrowEvent):
    """The escrow of an executed contract waits for the buyer's money."""

    topic: ClassVar[str] = "escrow.opened.v1"

    contract_id: ContractId
    asset_id: str
    kind: str = DEFAULT_KIND
    price: Money
    rail: Rail
    terms_sha256: str
    fund_before: datetime
    seller_can_be_paid: bool = False


class PaymentRequested(_EscrowEvent):
    """The buyer can pay now; how, only the escrow's own page and API tell."""

    topic: ClassVar[str] = "escrow.payment_requested.v1"

    amount: Money
    rail: Rail
    fund_before: datetime


class PaymentFailed(_EscrowEvent):
    """A payment did not go through; the buyer may try again."""

    topic: ClassVar[str] = "escrow.payment_failed.v1"

    reason_code: str


class FundsHeld(_EscrowEvent):
    """The buyer's money arrived in full and is held."""

    topic: ClassVar[str] = "escrow.funds_held.v1"

    contract_id: ContractId
    asset_id: str
    kind: str = DEFAULT_KIND
    held: Money
    deliver_before: datetime


class DeliveryPossible(_EscrowEvent):
    """The seller, who could not be paid when the money came, can be paid and so can deliver."""

    topic: ClassVar[str] = "escrow.delivery_possible.v1"

    held: Money
    deliver_before: datetime | None


class Delivered(_EscrowEvent):
    """The seller says the goods were handed over; the buyer inspects."""

    topic: ClassVar[str] = "escrow.delivered.v1"

    delivery_id: EntityId
    asset_id: str
    kind: str = DEFAULT_KIND
    price: Money
    inspect_before: datetime


class DeliveryProven(_EscrowEvent):
    """Verification proved the transfer on both sides: the inspection window is shorter now."""

    topic: ClassVar[str] = "escrow.delivery_proven.v1"

    delivery_id: EntityId
    proof_id: EntityId
    inspect_before: datetime


class ReleaseStarted(_EscrowEvent):
    """The release is decided and the payout is on its way."""

    topic: ClassVar[str] = "escrow.release_started.v1"

    payout_id: EntityId
    net: Money
    fee: Money
    decided_by: str


class Released(_EscrowEvent):
    """The provider proved the payout: the seller has the money."""

    topic: ClassVar[str] = "escrow.released.v1"

    payout_id: EntityId
    paid: Money
    net: Money
    fee: Money


class RefundStarted(_EscrowEvent):
    """The refund is decided and on its way."""

    topic: ClassVar[str] = "escrow.refund_started.v1"

    payout_id: EntityId
    amount: Money
    reason_code: str


class Refunded(_EscrowEvent):
    """The provider proved the refund: the buyer has the money back."""

    topic: ClassVar[str] = "escrow.refunded.v1"

    payout_id: EntityId
    amount: Money
    reason_code: str = ""


class Cancelled(_EscrowEvent):
    """Nothing was held and nothing will be."""

    topic: ClassVar[str] = "escrow.cancelled.v1"

    reason_code: str


class PayoutFailed(_EscrowEvent):
    """A payout failed at the provider; it is tried again."""

    topic: ClassVar[str] = "escrow.payout_failed.v1"

    payout_id: EntityId
    attempt: int
    alert: bool
    reason_code: str


class DeadlineNear(_EscrowEvent):
    """Half, or nine tenths, of a window has passed."""

    topic: ClassVar[str] = "escrow.deadline_near.v1"

    window: str
    percent: int
    deadline: datetime


class Frozen(_EscrowEvent):
    """Nothing moves by itself until somebody looked."""

    topic: ClassVar[str] = "escrow.frozen.v1"

    reason_code: str


class Unfrozen(_EscrowEvent):
    """Nothing stands in the way any more; a window that stood goes on until the deadline."""

    topic: ClassVar[str] = "escrow.unfrozen.v1"

    reason_code: str
    """Why: ``chargeback_won``, or ``operator``."""
    window: str = ""
    """``delivery`` or ``inspection``; empty: no window waited."""
    deadline: datetime | None = None


class PayoutAccountReady(Event):
    """The seller finished onboarding: the provider can pay them."""

    topic: ClassVar[str] = "escrow.payout_account_ready.v1"
    subject_field: ClassVar[str] = "user_id"

    user_id: UserId
