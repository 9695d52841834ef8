"""What escrow's REST takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from chassis.problems import MEDIA_TYPE
from contracts_schema.commands.escrow import Evidence
from contracts_schema.ids import EscrowId
from contracts_schema.money import Money
from contracts_schema.terms import Rail
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from escrow.domain.escrow import By, State

EscrowPath = Annotated[EscrowId, Path()]


class Refusal(BaseModel):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    next_action: str
    retryable: bool
    request_id: str
    trace_id: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document which refusals a route may give."""
    content = {MEDIA_TYPE: {"schema": Refusal.model_json_schema()}}
    return {status: {"description": "Refused", "content": content} for status in statuses}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class DeliveryIn(_In):
    """What was handed over, and the evidence for it."""

    title: str = Field(min_length=1, max_length=255)
    description: str = Field(default="", max_length=2000)
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=10)


class ReasonIn(_In):
    """Why, in the person's own words."""

    reason: str = Field(default="", max_length=500)


class DeliveryOut(BaseModel):
    """A delivery as its two parties see it."""

    delivery_id: str
    title: str
    description: str
    evidence: list[Evidence]
    state: str
    proof_id: str | None
    delivered_at: datetime


class EscrowOut(BaseModel):
    """The money of one contract: where it stands, whose turn, and what if nobody acts."""

    escrow_id: str
    contract_id: str
    deal_id: str
    listing_id: str
    buyer_id: str
    seller_id: str
    title: str
    rail: Rail
    price: Money
    held: Money
    remainder: Money
    seller_receives: Money
    fee: Money
    state: State
    version: int
    frozen: bool
    turn: By | None
    deadline: datetime | None
    if_nobody_acts: str
    terms_sha256: str
    opened_at: datetime
    delivery: DeliveryOut | None = None


class EscrowPage(BaseModel):
    """A page of escrows, newest first."""

    data: list[EscrowOut]
    next_cursor: str | None


class Shares(BaseModel):
    """What each side gets."""

    seller: Money
    buyer: Money
    fee: Money


class PreviewOut(BaseModel):
    """What each side gets if it were decided now, computed by the code that would do it."""

    escrow_id: str
    version: int
    held: Money
    if_released: Shares
    if_refunded: Shares


class UrlOut(BaseModel):
    """A page of the provider's own, for this person alone."""

    url: str


class PayoutAccountOut(BaseModel):
    """Whether one can be paid."""

    ready: bool
    begun: bool


class ProofOut(BaseModel):
    """One proof of the books."""

    proof: str
    holds: bool
    wrong: list[str]


class LedgerOut(BaseModel):
    """The books, proven now."""

    holds: bool
    proofs: list[ProofOut]
    totals: dict[str, int]
