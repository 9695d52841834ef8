"""What comes in and goes out over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal

from chassis.http.idempotency import IdempotencyKey
from chassis.http.lists import Asked
from chassis.http.preconditions import IfMatch
from contracts_schema.actions import Action
from contracts_schema.events.listings import Side
from contracts_schema.ids import ContractId
from contracts_schema.money import Money
from contracts_schema.terms import Rail, Terms
from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.domain.contract import Contract, State, Verb
from contracts.domain.document import Copy
from contracts.domain.signature import Method
from contracts.domain.template import Template

ContractInPath = Annotated[ContractId, Path(description="The contract's id")]
CopyAsked = Annotated[
    Copy,
    Query(
        description="`signed`: the text that both sign, whose hash is `pdf_sha256`; `executed`: the"
        " copy that shows who signed when and how; `latest`: the executed copy once there is one"
    ),
]
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


class ContractsAsked(Asked):
    """Which page of one's contracts, and in which state only."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a repeated or outdated request from doing harm."""

    key: IdempotencyKey = None
    if_match: IfMatch = None


class SignatureOut(BaseModel):
    """One party's signature."""

    model_config = ConfigDict(from_attributes=True)

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
    waits_for: tuple[Side, ...]
    what_is_next: str
    actions: list[Action]
    created_at: datetime
    sign_before: datetime
    executed_at: datetime | None
    void_reason: str


class ContractOut(ContractSummary):
    """A contract with its terms, hashes and signatures."""

    terms: Terms
    terms_sha256: str
    pdf_sha256: str | None
    executed_pdf_sha256: str | None
    template_version: int
    signatures: list[SignatureOut]


class ContractPage(BaseModel):
    """A page of contracts, newest first."""

    data: list[ContractSummary]
    next_cursor: str | None


class SigningLinkOut(BaseModel):
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
    document: Copy | None = None
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


_STEPS: Mapping[Verb, tuple[Literal["GET", "POST"], str]] = MappingProxyType(
    {
        Verb.SIGN: ("POST", "signatures"),
        Verb.SIGN_WEB: ("POST", "signing-links"),
        Verb.REVIEW_PDF: ("GET", "pdf"),
    }
)
"""How each step is asked for, and where below the contract's own address."""


_BYTES_OF: Mapping[Copy, str] = MappingProxyType(
    {
        Copy.SIGNED: "These are the bytes of this contract.",
        Copy.EXECUTED: "These are the bytes of this contract's executed copy.",
    }
)


def contract_summary(contract: Contract, reader: str, now: datetime) -> ContractSummary:
    """The contract as a list shows it to this reader."""
    actions = actions_of(contract, reader, now)
    return ContractSummary(**_fields(contract, ContractSummary), actions=actions)


def contract_out(contract: Contract, reader: str, now: datetime) -> ContractOut:
    """The contract as this reader reads it."""
    actions = actions_of(contract, reader, now)
    return ContractOut(**_fields(contract, ContractOut), actions=actions)


def actions_of(contract: Contract, reader: str, now: datetime) -> list[Action]:
    """What this reader may do with the contract now; whoever is no party may only read."""
    address = f"/v1/contracts/{contract.contract_id}"
    return [
        Action(
            verb=verb,
            method=_STEPS[verb][0],
            route=f"{address}/{_STEPS[verb][1]}",
            until=None if verb is Verb.REVIEW_PDF else contract.sign_before,
        )
        for verb in contract.may(contract.parties.get(reader), now)
    ]


def template_out(template: Template) -> TemplateOut:
    """A template as administrators see it."""
    return TemplateOut(**asdict(template))


def verification(sha256: str, contract: Contract | None) -> Verification:
    """What the hash of a document says, whose contract was found by it or was not."""
    if contract is None:
        return Verification(
            verdict=Verdict.UNKNOWN,
            pdf_sha256=sha256,
            explanation="No contract made here has these bytes; one changed byte is enough.",
        )
    document = Copy.SIGNED if sha256 == contract.pdf_sha256 else Copy.EXECUTED
    return Verification(
        verdict=Verdict.GENUINE,
        pdf_sha256=sha256,
        explanation=f"{_BYTES_OF[document]} {contract.what_is_next()}",
        document=document,
        contract_id=contract.contract_id,
        state=contract.state,
        terms_sha256=contract.terms_sha256,
        executed_at=contract.executed_at,
    )


def _fields(contract: Contract, model: type[BaseModel]) -> dict[str, Any]:
    """What the model shows: what is said here, and the contract's own attributes."""
    terms = contract.agreed_terms
    said = {
        "id": contract.contract_id,
        "title": terms.title,
        "price": terms.price,
        "rail": terms.rail,
        "terms": terms,
        "what_is_next": contract.what_is_next(),
    }
    return {
        name: said[name] if name in said else getattr(contract, name)
        for name in model.model_fields
        if name != "actions"
    }
