"""A contract: who may read it and its document, what its events say, and when it is void."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.contracts import ContractVoided
from contracts_schema.events.identity import PlatformRole

from contracts import store
from contracts.domain.contract import Contract
from contracts.domain.document import Copy, pdf_key
from contracts.domain.errors import NotAParty
from contracts.ports import Archive

VOID = "contract.void"
OVERSEERS = (PlatformRole.ARBITRATOR, PlatformRole.ADMIN)


async def read(database: Database, caller: Principal, contract_id: str) -> Contract:
    """The contract, for its parties and for who rules on disputes; nobody else learns of it."""
    contract = known(await store.contract.find(database, contract_id), contract_id)
    if caller.role not in OVERSEERS:
        contract.side_of(caller.user_id)
    return contract


async def read_document(
    database: Database, archive: Archive, caller: Principal, contract_id: str, copy: Copy
) -> tuple[str, bytes]:
    """One of the contract's PDFs with its hash, exactly as it was made, for the parties only."""
    contract = known(await store.contract.find(database, contract_id), contract_id)
    contract.side_of(caller.user_id)
    sha256 = contract.sha256_of(copy)
    return sha256, await archive.read(pdf_key(contract_id, sha256), sha256)


async def lock(tx: Transaction, contract_id: str) -> Contract:
    """The contract, locked until the transaction ends; one that does not exist is refused."""
    return known(await store.contract.lock(tx, contract_id), contract_id)


def known(contract: Contract | None, contract_id: str) -> Contract:
    """The contract; one that does not exist is refused like one of other people."""
    if contract is None:
        raise NotAParty(contract_id)
    return contract


async def void_unsigned(tx: Transaction, timer: Timer) -> None:
    """The signing window has passed: without both signatures nothing comes of the contract."""
    contract = await store.contract.lock(tx, timer.subject_id)
    if contract is None or not contract.waits_for or tx.now() < contract.sign_before:
        return
    seen = contract.version
    contract.void("not_signed_in_time")
    await store.contract.save(tx, contract, seen)
    stage_voided(tx, contract)
    tx.audit("contract.void", contract.contract_id, reason=contract.void_reason)


def stage_voided(tx: Transaction, contract: Contract) -> None:
    """Tell that nothing comes of this contract."""
    event = ContractVoided(
        **event_fields(contract, tx.now()),
        title=contract.agreed_terms.title,
        reason_code=contract.void_reason,
    )
    tx.stage(event, sequence=contract.version)


def event_fields(contract: Contract, now: datetime) -> dict[str, Any]:
    """What every event of this contract carries: who is in it, and what they may do next."""
    return {
        "contract_id": contract.contract_id,
        "deal_id": contract.deal_id,
        "listing_id": contract.listing_id,
        "buyer_id": contract.buyer_id,
        "seller_id": contract.seller_id,
        "actions": contract.actions(now),
    }
