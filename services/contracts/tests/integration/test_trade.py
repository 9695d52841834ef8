"""From an accepted offer to a contract in force, on real PostgreSQL and a real S3 server."""

from __future__ import annotations

import hashlib

from contracts.domain.contract import State
from contracts.domain.document import pdf_key, terms_key
from contracts_builders import BUYER, SELLER, a_deal, a_harness
from contracts_schema.terms import Terms


async def test_an_accepted_offer_becomes_a_contract_in_force(database, archive, typesetter, fresh):
    harness = a_harness(database, archive, typesetter)

    contract_id = await harness.accept(a_deal(fresh))
    await harness.due()
    drafted = await harness.contract(contract_id)
    await harness.both_sign(contract_id)
    await harness.due()

    contract = await harness.contract(contract_id)
    assert contract.state is State.EXECUTED
    assert await harness.names() == [
        "contract_drafted",
        "contract_signed",
        "contract_signed",
        "contract_executing",
        "contract_executed",
    ]
    pdf = await archive.read(pdf_key(contract_id, drafted.pdf_sha256), drafted.pdf_sha256)
    assert pdf.startswith(b"%PDF-")
    terms = await archive.read(terms_key(contract_id, drafted.terms_sha256), drafted.terms_sha256)
    assert hashlib.sha256(terms).hexdigest() == drafted.terms_sha256
    [executed] = await harness.told("contracts.contract_executed.v1")
    assert Terms.model_validate(executed["terms"]).sha256() == executed["terms_sha256"]
    assert executed["headers"]["cloudEvents_correlationid"]
    assert {one.signer_id for one in contract.signatures} == {BUYER, SELLER}


async def test_versions_in_events_rise_without_a_gap(harness):
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)
    await harness.due()

    sequences = [event["headers"]["cloudEvents_sequence"] for event in await harness.told()]
    assert sequences == [1, 2, 3, 4, 5]
