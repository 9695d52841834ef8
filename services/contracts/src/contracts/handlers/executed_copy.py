"""The executed copy: the text that was signed, and who signed it when and how."""

from __future__ import annotations

from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.terms import sha256_hex

from contracts import store
from contracts.domain import party
from contracts.domain.document import document_data, executed_data, pdf_key
from contracts.handlers.draft import KEPT, Drafting

EXECUTED_COPY = "contract.executed_copy"


async def make(database: Database, timer: Timer, drafting: Drafting) -> None:
    """Make and store the copy of a contract in force. Killed anywhere, it can run again.

    Everything in it is kept with the contract, so that a repetition makes the same bytes.
    """
    contract = await store.contract.find(database, timer.subject_id)
    if contract is None or contract.executed_at is None or contract.accounts is None:
        return
    if contract.executed_pdf_sha256 is not None:
        return
    contract_id, at = contract.contract_id, contract.executed_at
    data = document_data(
        contract.agreed_terms,
        contract.template_version,
        contract.created_at,
        party.read(contract.accounts),
        executed_data(contract.document_sha256, contract.signatures),
    )
    source = await store.template.source(database, contract.template_version)
    pdf = await drafting.typesetter.typeset(source, data, at)
    failpoint("contracts.executed_copy.typeset")
    sha256 = sha256_hex(pdf)
    await drafting.archive.keep(pdf_key(contract_id, sha256), pdf, "application/pdf", at + KEPT)
    failpoint("contracts.executed_copy.stored")

    async def note(tx: Transaction) -> None:
        if await store.executed_copy.add(tx, contract_id, sha256):
            tx.audit("contract.executed_copy", contract_id, pdf_sha256=sha256)

    await database.run(note, timer.cause)
