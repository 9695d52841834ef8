"""What people ask escrow to do."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts_schema.ids import EscrowId
from contracts_schema.message import Command


class Evidence(BaseModel):
    """Something the seller shows for the handover: a link or a note, with a hash if a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(pattern=r"^(note|link|file)$")
    text: str = Field(min_length=1, max_length=2000)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Deliver(Command):
    """Say that the goods were handed over, with evidence."""

    topic: ClassVar[str] = "escrow.deliver.v1"

    escrow_id: EscrowId
    title: str = Field(min_length=1, max_length=255)
    description: str = Field(default="", max_length=2000)
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=10)


class Confirm(Command):
    """Say that the goods are right: the money goes to the seller."""

    topic: ClassVar[str] = "escrow.confirm.v1"

    escrow_id: EscrowId


class RequestRefund(Command):
    """Give the buyer the money back (the seller asks for it)."""

    topic: ClassVar[str] = "escrow.request_refund.v1"

    escrow_id: EscrowId
    reason: str = Field(default="", max_length=500)


class Cancel(Command):
    """End an escrow that holds nothing."""

    topic: ClassVar[str] = "escrow.cancel.v1"

    escrow_id: EscrowId
    reason: str = Field(default="", max_length=500)
