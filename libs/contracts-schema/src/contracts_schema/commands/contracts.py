"""What people ask contracts to do."""

from typing import ClassVar

from pydantic import Field

from contracts_schema.ids import ContractId
from contracts_schema.message import Command


class Sign(Command):
    """Sign, by typing the agreed words under the terms one saw."""

    topic: ClassVar[str] = "contracts.sign.v1"

    contract_id: ContractId
    phrase: str = Field(max_length=40)
    terms_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class CreateSigningLink(Command):
    """Ask for a single-use link to sign on the web."""

    topic: ClassVar[str] = "contracts.create_signing_link.v1"

    contract_id: ContractId
