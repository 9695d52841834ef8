"""From an accepted offer to a contract that waits for signatures, or to none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from contracts_schema.events.contracts import ContractDrafted, ContractVoided
from contracts_schema.terms import Terms, canonical_json, sha256_hex

from contracts import store
from contracts.documents import document_data, pdf_key, terms_key
from contracts.domain.contract import Contract
from contracts.domain.errors import WindowsTooLong
from contracts.domain.policy import Deal, Policy
from contracts.handlers.telling import parties, terms_of, thread
from contracts.ports import Archive, Typesetter
from contracts.store import Draft

DRAFT, VOID = "contract.draft", "contract.void"
KEPT = timedelta(days=7 * 366)


@dataclass(frozen=True, slots=True)
class Drafting:
    """What drafting needs beside the database."""

    archive: Archive
    typesetter: Typesetter
    policy: Policy


async def begin(tx: Transaction, deal: Deal, policy: Policy) -> None:
    """Freeze the terms of an accepted offer and have them drafted; a repetition changes nothing."""
    terms = policy.terms(deal)
    draft = Draft(
        contract_id=terms.contract_id,
        terms=canonical_json(terms.model_dump(mode="json")).decode(),
        template_version=await store.active_template(tx),
        drafted_at=tx.now(),
    )
    try:
        policy.check(terms)
    except WindowsTooLong as refusal:
        await _refuse(tx, draft, str(refusal))
        return
    if await store.add_draft(tx, draft):
        tx.audit("contract.begin", draft.contract_id, deal_id=deal.deal_id)
        await tx.set_timer(DRAFT, draft.contract_id, tx.now(), thread(tx))


async def finish(database: Database, contract_id: str, drafting: Drafting, cause: Cause) -> None:
    """Make and store the document, then ask for signatures. Killed anywhere, it can run again."""
    draft = await store.draft(database, contract_id)
    if draft is None:
        return
    terms = Terms.model_validate_json(draft.terms)
    source = await store.template_source(database, draft.template_version)
    data = document_data(terms, draft.template_version, draft.drafted_at)
    pdf = await drafting.typesetter.typeset(source, data, draft.drafted_at)
    failpoint("contracts.draft.typeset")
    until, pdf_sha256 = draft.drafted_at + KEPT, sha256_hex(pdf)
    await drafting.archive.keep(pdf_key(contract_id, pdf_sha256), pdf, "application/pdf", until)
    failpoint("contracts.draft.pdf_stored")
    content = draft.terms.encode()
    key = terms_key(contract_id, sha256_hex(content))
    await drafting.archive.keep(key, content, "application/json", until)
    failpoint("contracts.draft.terms_stored")

    async def ask_for_signatures(tx: Transaction) -> None:
        if await store.drop_draft(tx, contract_id):
            sign_before = tx.now() + drafting.policy.signing_window
            await _offer(tx, _contract(draft, terms, pdf_sha256, sign_before), terms)

    await database.run(ask_for_signatures, cause)


async def _offer(tx: Transaction, contract: Contract, terms: Terms) -> None:
    await store.add(tx, contract)
    tx.stage(
        ContractDrafted(
            **parties(contract),
            title=terms.title,
            price=terms.price,
            rail=terms.rail,
            terms_sha256=contract.terms_sha256,
            pdf_sha256=contract.document_sha256,
            sign_before=contract.sign_before,
        ),
        sequence=contract.version,
    )
    hashes = {"terms_sha256": contract.terms_sha256, "pdf_sha256": contract.document_sha256}
    tx.audit("contract.draft", contract.contract_id, **hashes)
    await tx.set_timer(VOID, contract.contract_id, contract.sign_before)


async def _refuse(tx: Transaction, draft: Draft, why: str) -> None:
    """Windows that no rail can carry: the deal ends here, and both are told."""
    terms = Terms.model_validate_json(draft.terms)
    contract = _contract(draft, terms, None, draft.drafted_at)
    contract.void("windows_too_long")
    if await store.add(tx, contract):
        tell_void(tx, contract, terms)
        tx.audit("contract.void", contract.contract_id, reason=why)


async def void(tx: Transaction, contract_id: str) -> None:
    """The signing window has passed: without both signatures nothing comes of the contract."""
    contract = await store.lock(tx, contract_id)
    if contract is None or not contract.waits_for or tx.now() < contract.sign_before:
        return
    seen = contract.version
    contract.void("not_signed_in_time")
    await store.save(tx, contract, seen)
    tell_void(tx, contract, terms_of(contract))
    tx.audit("contract.void", contract_id, reason=contract.void_reason)


def tell_void(tx: Transaction, contract: Contract, terms: Terms) -> None:
    """Tell that nothing comes of this contract."""
    event = ContractVoided(**parties(contract), title=terms.title, reason_code=contract.void_reason)
    tx.stage(event, sequence=contract.version)


def _contract(
    draft: Draft, terms: Terms, pdf_sha256: str | None, sign_before: datetime
) -> Contract:
    return Contract(
        contract_id=draft.contract_id,
        deal_id=terms.deal_id,
        listing_id=terms.listing_id,
        seller_id=terms.seller_id,
        buyer_id=terms.buyer_id,
        terms_json=draft.terms,
        terms_sha256=sha256_hex(draft.terms.encode()),
        pdf_sha256=pdf_sha256,
        template_version=draft.template_version,
        created_at=draft.drafted_at,
        sign_before=sign_before,
    )
