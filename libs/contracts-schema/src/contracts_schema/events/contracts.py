"""What contracts tells: the signed agreement on its way from draft to executed."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from contracts_schema.actions import Verbs
from contracts_schema.events.listings import Side
from contracts_schema.ids import ContractId, DealId, EntityId, ListingId, UserId
from contracts_schema.message import Event
from contracts_schema.money import Money
from contracts_schema.terms import Rail, Terms


class _ContractEvent(Event):
    subject_field: ClassVar[str] = "contract_id"

    contract_id: ContractId
    deal_id: DealId
    listing_id: ListingId
    buyer_id: UserId
    seller_id: UserId
    actions: dict[str, Verbs] = Field(default_factory=dict)
    """What each party may do next, by user id."""


class ContractDrafted(_ContractEvent):
    """The terms are frozen and the PDF is stored; both are asked to sign."""

    topic: ClassVar[str] = "contracts.contract_drafted.v1"

    title: str
    price: Money
    rail: Rail
    terms_sha256: str
    pdf_sha256: str
    sign_before: datetime


class ContractSigned(_ContractEvent):
    """One party signed."""

    topic: ClassVar[str] = "contracts.contract_signed.v1"

    signer_id: UserId
    side: Side
    method: str
    title: str = ""
    both: bool = False
    sign_before: datetime | None = None
    """Until when the other signature has to be in."""


class ContractExecuting(_ContractEvent):
    """Both signatures are in; the execution job runs."""

    topic: ClassVar[str] = "contracts.contract_executing.v1"


class ContractExecuted(_ContractEvent):
    """The agreement is in force; the escrow opens if its terms hash is this one."""

    topic: ClassVar[str] = "contracts.contract_executed.v1"

    terms: Terms
    terms_sha256: str
    pdf_sha256: str
    executed_at: datetime


class ContractExecutionFailed(_ContractEvent):
    """The execution job gave up; an operator is asked to look."""

    topic: ClassVar[str] = "contracts.contract_execution_failed.v1"

    reason_code: str
    attempts: int


class ContractVoided(_ContractEvent):
    """The signing window passed without both signatures."""

    topic: ClassVar[str] = "contracts.contract_voided.v1"

    title: str = ""
    reason_code: str


class SigningLinkCreated(Event):
    """A single-use link for signing on the web exists; its secret stays with contracts."""

    topic: ClassVar[str] = "contracts.signing_link_created.v1"
    subject_field: ClassVar[str] = "contract_id"

    contract_id: ContractId
    user_id: UserId
    link_id: EntityId
    expires_at: datetime
    actions: dict[str, Verbs] = Field(default_factory=dict)
