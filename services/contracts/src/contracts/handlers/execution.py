"""Putting a signed contract into force: check everything once more, then say so."""

from __future__ import annotations

from functools import partial

from chassis.ops.failpoints import failpoint
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.contracts import (
    ContractExecuted,
    ContractExecuting,
    ContractExecutionFailed,
)
from contracts_schema.events.identity import PlatformRole

from contracts import store
from contracts.domain.contract import Contract, State
from contracts.domain.document import pdf_key, terms_key
from contracts.domain.errors import BrokenEvidence
from contracts.domain.execution import Execution, ExecutionState
from contracts.handlers.contract import event_fields, lock
from contracts.handlers.executed_copy import EXECUTED_COPY
from contracts.ports import Archive, ArchiveDiffers, ArchiveUnavailable

EXECUTE = "contract.execute"


class TryAgain(Exception):
    """This attempt failed and is noted; the timer's backoff leads to the next."""


async def start(tx: Transaction, contract: Contract) -> None:
    """Both have signed: have the contract executed."""
    contract.complete()
    await store.execution.add(tx, Execution(contract.contract_id))
    await _set_going(tx, contract)


async def execute(database: Database, timer: Timer, archive: Archive) -> None:
    """Make one attempt; TryAgain asks for the next one, the third failure is final."""
    contract_id, cause = timer.subject_id, timer.cause

    async def begin(tx: Transaction) -> Contract | None:
        contract, execution = await _load(tx, contract_id)
        if contract.state is not State.EXECUTING or execution.state is ExecutionState.COMPLETED:
            return None
        execution.begin()
        await store.execution.save(tx, execution)
        return contract

    contract = await database.run(begin, cause)
    if contract is None:
        return
    failpoint("contracts.execute.begun")
    try:
        await check(contract, archive)
    except (BrokenEvidence, ArchiveDiffers, ArchiveUnavailable) as error:
        await database.run(partial(_note_failure, contract_id=contract_id, error=error), cause)
        if not await _failed_for_good(database, contract_id):
            raise TryAgain(str(error)) from error
        return
    failpoint("contracts.execute.checked")
    await database.run(partial(_put_into_force, contract_id=contract_id), cause)


async def check(contract: Contract, archive: Archive) -> None:
    """Both signed these terms, and the archive still holds exactly what they signed."""
    contract.check_signatures()
    if contract.agreed_terms.sha256() != contract.terms_sha256:
        raise BrokenEvidence("terms_differ")
    contract_id = contract.contract_id
    await archive.read(terms_key(contract_id, contract.terms_sha256), contract.terms_sha256)
    pdf_sha256 = contract.document_sha256
    await archive.read(pdf_key(contract_id, pdf_sha256), pdf_sha256)


async def _put_into_force(tx: Transaction, contract_id: str) -> None:
    contract, execution = await _load(tx, contract_id)
    if contract.state is not State.EXECUTING:
        return
    seen, now = contract.version, tx.now()
    contract.execute(now)
    execution.complete()
    await store.contract.save(tx, contract, seen)
    await store.execution.save(tx, execution)
    tx.stage(
        ContractExecuted(
            **event_fields(contract, tx.now()),
            terms=contract.agreed_terms,
            terms_sha256=contract.terms_sha256,
            pdf_sha256=contract.document_sha256,
            executed_at=now,
        ),
        sequence=contract.version,
    )
    tx.audit("contract.execute", contract_id, terms_sha256=contract.terms_sha256)
    await tx.set_timer(EXECUTED_COPY, contract_id, now)


async def _note_failure(tx: Transaction, contract_id: str, error: Exception) -> None:
    contract, execution = await _load(tx, contract_id)
    if execution.state is not ExecutionState.PROCESSING:
        return
    exhausted = execution.fail(f"{type(error).__name__}: {error}")
    await store.execution.save(tx, execution)
    tx.audit("contract.execution_attempt", contract_id, reason=execution.last_error)
    if exhausted:
        await _give_up(tx, contract, execution.attempts, _reason(error))


async def _give_up(tx: Transaction, contract: Contract, attempts: int, reason_code: str) -> None:
    seen = contract.version
    contract.give_up()
    await store.contract.save(tx, contract, seen)
    event = ContractExecutionFailed(
        **event_fields(contract, tx.now()), reason_code=reason_code, attempts=attempts
    )
    tx.stage(event, sequence=contract.version)


def _reason(error: Exception) -> str:
    if isinstance(error, BrokenEvidence):
        return error.reason_code
    return "archive_differs" if isinstance(error, ArchiveDiffers) else "archive_unavailable"


async def _failed_for_good(database: Database, contract_id: str) -> bool:
    contract = await store.contract.find(database, contract_id)
    return contract is None or contract.state is not State.EXECUTING


async def retry(tx: Transaction, caller: Principal, contract_id: str) -> Contract:
    """Let an operator run a failed execution again, with all its attempts."""
    caller.require(role=PlatformRole.ADMIN)
    contract, execution = await _load(tx, contract_id)
    seen = contract.version
    contract.retry()
    execution.retry()
    await store.contract.save(tx, contract, seen)
    await store.execution.save(tx, execution)
    await _set_going(tx, contract)
    tx.audit("contract.retry_execution", contract_id)
    return contract


async def _set_going(tx: Transaction, contract: Contract) -> None:
    tx.stage(ContractExecuting(**event_fields(contract, tx.now())), sequence=contract.version)
    await tx.set_timer(EXECUTE, contract.contract_id, tx.now())


async def _load(tx: Transaction, contract_id: str) -> tuple[Contract, Execution]:
    contract = await lock(tx, contract_id)
    return contract, await store.execution.lock(tx, contract_id) or Execution(contract_id)
