"""What comes in and goes out over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from chassis.http.idempotency import IdempotencyKey
from chassis.http.preconditions import IfMatch
from contracts_schema.events.listings import Side
from contracts_schema.ids import ContractId
from contracts_schema.money import Money
from contracts_schema.terms import Rail, Terms
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.domain.contract import Contract, Method, State
from contracts.store import Template

ContractInPath = Annotated[ContractId, Path(description="The contract's id")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignatureIn(_Body):
    """A signature: the words, and the hash of the terms that were read."""

    phrase: Annotated[Text, Field(max_length=40, examples=["I AGREE"])]
    terms_sha256: Sha256 | None = None


class TemplateIn(_Body):
    """A new template."""

    source: Annotated[Text, Field(min_length=1, max_length=100_000)]
    note: Annotated[Text, Field(max_length=500)] = ""


class PageWish(_Body):
    """Which page of one's contracts."""

    state: State | None = None
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a repeated or outdated request from doing harm."""

    key: IdempotencyKey = None
    if_match: IfMatch = None


class SignatureOut(BaseModel):
    """One party's signature."""

    signer_id: str
    side: Side
    method: Method
    terms_sha256: str
    signed_at: datetime


class ContractSummary(BaseModel):
    """A contract in a list, with whose turn it is."""

    id: str
    deal_id: str
    listing_id: str
    seller_id: str
    buyer_id: str
    title: str
    price: Money
    rail: Rail
    state: State
    version: int
    waits_for: list[Side]
    what_is_next: str
    created_at: datetime
    sign_before: datetime
    executed_at: datetime | None
    void_reason: str


class ContractOut(ContractSummary):
    """A contract with its terms, hashes and signatures."""

    terms: Terms
    terms_sha256: str
    pdf_sha256: str | None
    template_version: int
    signatures: list[SignatureOut]


class ContractPage(BaseModel):
    """A page of contracts, newest first."""

    data: list[ContractSummary]
    next_cursor: str | None


class SigningLink(BaseModel):
    """A link for one person and one use; whoever holds it can sign, so it is shown to nobody."""

    url: str
    link_id: str
    expires_at: datetime


class Verdict(StrEnum):
    """What the hash of a document says."""

    GENUINE = "GENUINE"
    UNKNOWN = "UNKNOWN"


class Verification(BaseModel):
    """Whether a PDF is, byte for byte, a contract made here, and what became of it."""

    verdict: Verdict
    pdf_sha256: str
    explanation: str
    contract_id: str | None = None
    state: State | None = None
    terms_sha256: str | None = None
    executed_at: datetime | None = None


class TemplateOut(BaseModel):
    """One version of the template."""

    version: int
    active: bool
    sha256: str
    note: str
    created_by: str
    created_at: datetime
    source: str


class TemplateList(BaseModel):
    """Every version, newest first."""

    data: list[TemplateOut]


def summary(contract: Contract) -> ContractSummary:
    """The contract as a list shows it."""
    return ContractSummary(**_common(contract, Terms.model_validate_json(contract.terms_json)))


def full(contract: Contract) -> ContractOut:
    """The contract as its own page shows it."""
    terms = Terms.model_validate_json(contract.terms_json)
    return ContractOut(
        **_common(contract, terms),
        terms=terms,
        terms_sha256=contract.terms_sha256,
        pdf_sha256=contract.pdf_sha256,
        template_version=contract.template_version,
        signatures=[
            SignatureOut(
                signer_id=one.signer_id,
                side=one.side,
                method=one.method,
                terms_sha256=one.terms_sha256,
                signed_at=one.signed_at,
            )
            for one in contract.signatures
        ],
    )


def template(one: Template) -> TemplateOut:
    """A template as the team sees it."""
    return TemplateOut(
        version=one.version,
        active=one.active,
        sha256=one.sha256,
        note=one.note,
        created_by=one.created_by,
        created_at=one.created_at,
        source=one.source,
    )


def _common(contract: Contract, terms: Terms) -> dict[str, object]:
    return {
        "id": contract.contract_id,
        "deal_id": contract.deal_id,
        "listing_id": contract.listing_id,
        "seller_id": contract.seller_id,
        "buyer_id": contract.buyer_id,
        "title": terms.title,
        "price": terms.price,
        "rail": terms.rail,
        "state": contract.state,
        "version": contract.version,
        "waits_for": list(contract.waits_for),
        "what_is_next": contract.what_is_next(),
        "created_at": contract.created_at,
        "sign_before": contract.sign_before,
        "executed_at": contract.executed_at,
        "void_reason": contract.void_reason,
    }
