"""Putting a signed contract into force: check everything once more, then say so."""

from __future__ import annotations

from functools import partial

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.events.contracts import (
    ContractExecuted,
    ContractExecuting,
    ContractExecutionFailed,
)
from contracts_schema.events.identity import PlatformRole

from contracts import store
from contracts.documents import pdf_key, terms_key
from contracts.domain.contract import Contract, State
from contracts.domain.errors import BrokenEvidence, NotAParty
from contracts.domain.execution import Job, JobState
from contracts.handlers.signing import EXECUTE
from contracts.handlers.telling import parties, terms_of, thread
from contracts.ports import Archive, ArchiveDiffers, ArchiveUnavailable


class TryAgain(Exception):
    """This attempt failed and is noted; the timer's backoff leads to the next."""


async def execute(database: Database, contract_id: str, archive: Archive, cause: Cause) -> None:
    """Make one attempt; TryAgain asks for the next one, the third failure is final."""

    async def begin(tx: Transaction) -> Contract | None:
        contract, job = await _load(tx, contract_id)
        if contract.state is not State.EXECUTING or job.state is JobState.COMPLETED:
            return None
        job.begin()
        await store.save_job(tx, job)
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
    await database.run(lambda tx: _put_into_force(tx, contract_id), cause)


async def check(contract: Contract, archive: Archive) -> None:
    """Both signed these terms, and the archive still holds exactly what they signed."""
    contract.check_signatures()
    terms = terms_of(contract)
    if terms.sha256() != contract.terms_sha256:
        raise BrokenEvidence("terms_differ", "The stored terms do not have the signed hash.")
    contract_id = contract.contract_id
    await archive.read(terms_key(contract_id, contract.terms_sha256), contract.terms_sha256)
    pdf_sha256 = contract.document_sha256
    await archive.read(pdf_key(contract_id, pdf_sha256), pdf_sha256)


async def _put_into_force(tx: Transaction, contract_id: str) -> None:
    contract, job = await _load(tx, contract_id)
    if contract.state is not State.EXECUTING:
        return
    seen, now = contract.version, tx.now()
    contract.execute(now)
    job.complete()
    await store.save(tx, contract, seen)
    await store.save_job(tx, job)
    tx.stage(
        ContractExecuted(
            **parties(contract),
            terms=terms_of(contract),
            terms_sha256=contract.terms_sha256,
            pdf_sha256=contract.document_sha256,
            executed_at=now,
        ),
        sequence=contract.version,
    )
    tx.audit("contract.execute", contract_id, terms_sha256=contract.terms_sha256)


async def _note_failure(tx: Transaction, contract_id: str, error: Exception) -> None:
    contract, job = await _load(tx, contract_id)
    if job.state is not JobState.PROCESSING:
        return
    exhausted = job.fail(f"{type(error).__name__}: {error}")
    await store.save_job(tx, job)
    tx.audit("contract.execution_attempt", contract_id, reason=job.last_error)
    if exhausted:
        await _give_up(tx, contract, job, _reason(error))


async def _give_up(tx: Transaction, contract: Contract, job: Job, reason_code: str) -> None:
    seen = contract.version
    contract.give_up()
    await store.save(tx, contract, seen)
    event = ContractExecutionFailed(
        **parties(contract), reason_code=reason_code, attempts=job.attempts
    )
    tx.stage(event, sequence=contract.version)


def _reason(error: Exception) -> str:
    if isinstance(error, BrokenEvidence):
        return error.reason_code
    return "archive_differs" if isinstance(error, ArchiveDiffers) else "archive_unavailable"


async def _failed_for_good(database: Database, contract_id: str) -> bool:
    contract = await store.find(database, contract_id)
    return contract is None or contract.state is not State.EXECUTING


async def retry(tx: Transaction, caller: Principal, contract_id: str) -> Contract:
    """Let an operator run a failed execution again, with all its attempts."""
    caller.require(role=PlatformRole.ADMIN)
    contract, job = await _load(tx, contract_id)
    seen = contract.version
    contract.retry()
    job.retry()
    await store.save(tx, contract, seen)
    await store.save_job(tx, job)
    tx.stage(ContractExecuting(**parties(contract)), sequence=contract.version)
    await tx.set_timer(EXECUTE, contract_id, tx.now(), thread(tx))
    tx.audit("contract.retry_execution", contract_id)
    return contract


async def _load(tx: Transaction, contract_id: str) -> tuple[Contract, Job]:
    contract = await store.lock(tx, contract_id)
    if contract is None:
        raise NotAParty(contract_id)
    return contract, await store.lock_job(tx, contract_id) or Job(contract_id)
