"""From an accepted offer to a contract that waits for signatures, or to none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.ops.failpoints import failpoint
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.contracts import ContractDrafted
from contracts_schema.events.listings import OfferAccepted
from contracts_schema.terms import Terms, canonical_json, sha256_hex

from contracts import store
from contracts.domain import party
from contracts.domain.contract import Contract
from contracts.domain.document import document_data, pdf_key, terms_key
from contracts.domain.draft import Draft
from contracts.domain.errors import WindowsTooLong
from contracts.domain.policy import Deal, Policy
from contracts.handlers.contract import VOID, event_fields, stage_voided
from contracts.ports import Archive, People, Typesetter

DRAFT = "contract.draft"
KEPT = timedelta(days=7 * 366)


@dataclass(frozen=True, slots=True)
class Drafting:
    """What drafting needs beside the database."""

    archive: Archive
    typesetter: Typesetter
    people: People
    policy: Policy


async def begin(tx: Transaction, event: OfferAccepted, policy: Policy) -> None:
    """Freeze the terms of an accepted offer and have them drafted; a repetition changes nothing."""
    terms = policy.terms(_deal(event))
    draft = Draft(
        contract_id=terms.contract_id,
        terms=canonical_json(terms.model_dump(mode="json")).decode(),
        template_version=await store.template.active_version(tx),
        drafted_at=tx.now(),
    )
    try:
        policy.check(terms)
    except WindowsTooLong as refusal:
        await _refuse(tx, draft, str(refusal))
        return
    if await store.draft.add(tx, draft):
        tx.audit("contract.begin", draft.contract_id, deal_id=terms.deal_id)
        await tx.set_timer(DRAFT, draft.contract_id, tx.now())


async def finish(database: Database, timer: Timer, drafting: Drafting) -> None:
    """Make and store the document, then ask for signatures. Killed anywhere, it can run again."""
    contract_id = timer.subject_id
    draft = await store.draft.find(database, contract_id)
    if draft is None:
        return
    accounts = await _accounts(database, timer, draft, drafting.people)
    source = await store.template.source(database, draft.template_version)
    terms = Terms.model_validate_json(draft.terms)
    data = document_data(terms, draft.template_version, draft.drafted_at, party.read(accounts))
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
        if await store.draft.remove(tx, contract_id):
            sign_before = tx.now() + drafting.policy.signing_window
            made = replace(_contract(draft, pdf_sha256, sign_before), accounts=accounts)
            await _ask_for_signatures(tx, made)

    await database.run(ask_for_signatures, timer.cause)


async def _accounts(database: Database, timer: Timer, draft: Draft, people: People) -> str:
    """Who the parties are outside: asked once and kept first, so that a repetition prints it."""
    if draft.accounts is not None:
        return draft.accounts
    terms = Terms.model_validate_json(draft.terms)
    told = party.written(await people.accounts((terms.seller_id, terms.buyer_id)))

    async def keep(tx: Transaction) -> None:
        await store.draft.keep_accounts(tx, draft.contract_id, told)

    await database.run(keep, timer.cause)
    failpoint("contracts.draft.accounts_kept")
    kept = await store.draft.find(database, draft.contract_id)
    return (kept.accounts if kept else None) or told


async def _ask_for_signatures(tx: Transaction, contract: Contract) -> None:
    await store.contract.add(tx, contract)
    terms = contract.agreed_terms
    hashes = {"terms_sha256": contract.terms_sha256, "pdf_sha256": contract.document_sha256}
    event = ContractDrafted(
        **event_fields(contract, tx.now()),
        title=terms.title,
        price=terms.price,
        rail=terms.rail,
        **hashes,
        sign_before=contract.sign_before,
    )
    tx.stage(event, sequence=contract.version)
    tx.audit("contract.draft", contract.contract_id, **hashes)
    await tx.set_timer(VOID, contract.contract_id, contract.sign_before)


async def _refuse(tx: Transaction, draft: Draft, reason: str) -> None:
    """Windows that no rail can hold money for: the deal ends here, and both are told."""
    contract = _contract(draft, None, draft.drafted_at)
    contract.void("windows_too_long")
    if await store.contract.add(tx, contract):
        stage_voided(tx, contract)
        tx.audit("contract.void", contract.contract_id, reason=reason)


def _contract(draft: Draft, pdf_sha256: str | None, sign_before: datetime) -> Contract:
    terms = Terms.model_validate_json(draft.terms)
    return Contract(
        contract_id=draft.contract_id,
        deal_id=terms.deal_id,
        listing_id=terms.listing_id,
        seller_id=terms.seller_id,
        buyer_id=terms.buyer_id,
        terms=draft.terms,
        terms_sha256=sha256_hex(draft.terms.encode()),
        pdf_sha256=pdf_sha256,
        template_version=draft.template_version,
        created_at=draft.drafted_at,
        sign_before=sign_before,
    )


def _deal(event: OfferAccepted) -> Deal:
    return Deal(
        deal_id=event.offer_id,
        listing_id=event.listing_id,
        seller_id=event.seller_id,
        buyer_id=event.buyer_id,
        title=event.title,
        kind=event.kind,
        asset_id=event.asset_id,
        snapshot_sha256=event.snapshot_sha256,
        price=event.amount,
        delivery_s=event.delivery_window_s,
        conditions=event.conditions,
    )
