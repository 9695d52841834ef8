"""What comes in and goes out over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from chassis.http.idempotency import IdempotencyKey
from chassis.http.preconditions import IfMatch
from contracts_schema.ids import DealId, EscrowId
from contracts_schema.money import Money
from contracts_schema.terms import Rail
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from escrow.domain.payment import PaymentState
from escrow.domain.payout import PayoutKind, PayoutState
from escrow.domain.states import State
from escrow.handlers.operating import Outcome

EscrowInPath = Annotated[EscrowId, Path(description="The escrow's id")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceIn(_Body):
    """Something the seller shows for the handover: a link or a note, with a hash if a file."""

    kind: Annotated[str, Field(pattern=r"^(note|link|file)$")]
    text: Annotated[Text, Field(min_length=1, max_length=2000)]
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class DeliveryIn(_Body):
    """The goods were handed over."""

    title: Annotated[Text, Field(min_length=1, max_length=255)]
    description: Annotated[Text, Field(max_length=2000)] = ""
    evidence: Annotated[tuple[EvidenceIn, ...], Field(max_length=10)] = ()


class ReasonIn(_Body):
    """Why, in a few words."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class OperatorReason(_Body):
    """Why an operator does it: kept in the audit log, not told to the parties."""

    reason: Annotated[Text, Field(min_length=10, max_length=500)]


class DecisionIn(OperatorReason):
    """How an operator ends it."""

    outcome: Outcome


class PageWish(_Body):
    """Which page of one's escrows."""

    deal_id: DealId | None = None
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a repeated or outdated request from doing harm."""

    key: IdempotencyKey = None
    if_match: IfMatch = None


class AmountsOut(BaseModel):
    """The money of one escrow, to the cent."""

    agreed: Money
    received: Money
    remainder: Money
    held: Money
    released: Money
    refunded: Money
    fees: Money
    surplus: Money
    owed_by_seller: Money


class EscrowSummary(BaseModel):
    """An escrow in a list, with whose turn it is, until when, and what follows from silence."""

    escrow_id: str
    deal_id: str
    contract_id: str
    listing_id: str
    seller_id: str
    buyer_id: str
    title: str
    asset_id: str
    price: Money
    seller_receives: Money
    fee: Money
    held: Money
    remainder: Money
    rail: Rail
    state: State
    version: int
    turn: str | None
    deadline: datetime | None
    if_nobody_acts: str
    otherwise: str
    frozen: bool
    frozen_reason: str
    opened_at: datetime


class PaymentOut(BaseModel):
    """One attempt to pay."""

    payment_id: str
    state: PaymentState
    asked: Money
    received: Money | None
    provider_id: str | None
    created_at: datetime
    expires_at: datetime


class PayoutOut(BaseModel):
    """Money on its way out, or proven to be there."""

    payout_id: str
    kind: PayoutKind
    state: PayoutState
    amount: Money
    failures: int
    provider_id: str | None


class DeliveryOut(BaseModel):
    """What was handed over."""

    delivery_id: str
    tranche: int
    state: str
    title: str
    description: str
    evidence: list[dict[str, Any]]
    delivered_at: datetime
    confirmed_at: datetime | None
    confirmed_by: str
    proof_id: str | None


class EscrowOut(EscrowSummary):
    """An escrow with everything its parties may know."""

    terms_sha256: str
    end_reason: str
    amounts: AmountsOut
    seller_can_be_paid: bool
    payments: list[PaymentOut]
    payouts: list[PayoutOut]
    delivery: DeliveryOut | None


class EscrowPage(BaseModel):
    """A page of escrows, newest first."""

    data: list[EscrowSummary]
    next_cursor: str | None


class ShareOut(BaseModel):
    """Who gets what, and whether it can be decided now."""

    seller: Money
    buyer: Money
    fee: Money
    allowed: bool


class PreviewOut(BaseModel):
    """What each side gets, by the arithmetic that would book it."""

    escrow_id: str
    state: State
    version: int
    title: str
    price: Money
    held: Money
    if_released: ShareOut
    if_refunded: ShareOut
    if_cancelled: ShareOut


class LinkOut(BaseModel):
    """A page of the provider's for one person; it is shown to nobody else."""

    url: str


class PayoutAccountOut(BaseModel):
    """Whether one can be paid."""

    rail: Rail
    begun: bool
    ready: bool
    next_action: str


class WebhookOut(BaseModel):
    """It is kept."""

    received: bool = True
