"""Who may see a contract and its document, and whether a document is one of ours."""

from __future__ import annotations

from chassis.principals import Principal
from chassis.storage.database import Database
from contracts_schema.events.identity import PlatformRole

from contracts import store
from contracts.documents import pdf_key
from contracts.domain.contract import Contract
from contracts.domain.errors import NotAParty
from contracts.ports import Archive

OVERSEERS = (PlatformRole.ARBITRATOR, PlatformRole.ADMIN)


async def contract_for(database: Database, caller: Principal, contract_id: str) -> Contract:
    """The contract, for its parties and for who rules on disputes; nobody else learns of it."""
    contract = await store.find(database, contract_id)
    if contract is None:
        raise NotAParty(contract_id)
    if caller.role not in OVERSEERS:
        contract.side_of(caller.user_id)
    return contract


async def document_for(
    database: Database, archive: Archive, caller: Principal, contract_id: str
) -> tuple[Contract, bytes]:
    """The PDF exactly as it was signed, for the parties only."""
    contract = await store.find(database, contract_id)
    if contract is None:
        raise NotAParty(contract_id)
    contract.side_of(caller.user_id)
    sha256 = contract.document_sha256
    return contract, await archive.read(pdf_key(contract_id, sha256), sha256)
