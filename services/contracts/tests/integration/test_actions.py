"""Whatever a person is shown that they may do, they do over REST; the rest is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from contracts import handlers
from contracts.domain.contract import Verb
from contracts_builders import (
    ADMIN,
    BUYER,
    SELLER,
    STRANGER,
    FlatTypesetter,
    MemoryArchive,
    a_harness,
    a_person,
    as_person,
    running,
)
from contracts_schema.commands.contracts import CreateSigningLink
from contracts_situations import CONTRACTS

ROUTES = {
    Verb.REVIEW_PDF: ("GET", "pdf"),
    Verb.SIGN_WEB: ("POST", "signing-links"),
    Verb.SIGN: ("POST", "signatures"),
}
"""The steps in an order in which none changes what the next one may do."""


@pytest.fixture
def memory() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def harness(database, memory):
    return a_harness(database, memory)


@pytest.fixture
async def client(database, database_url, memory) -> AsyncIterator[httpx.AsyncClient]:
    typesetter = FlatTypesetter()
    async with running(database, memory, typesetter, database_url=database_url) as open_client:
        yield open_client


@pytest.mark.parametrize("who", [BUYER, SELLER, STRANGER, ADMIN])
@pytest.mark.parametrize("situation", CONTRACTS)
async def test_what_is_shown_can_be_done_and_nothing_else(client, harness, memory, situation, who):
    contract_id = (await situation(harness, memory)).contract_id
    headers = as_person(who, harness.clock)
    read = await client.get(f"/v1/contracts/{contract_id}", headers=headers)
    shown = {each["verb"]: each for each in read.json().get("actions", ())}
    listed = (await client.get("/v1/contracts", headers=headers)).json()["data"]

    assert [each["actions"] for each in listed] in ([], [list(shown.values())])
    for verb, (method, below) in ROUTES.items():
        route = f"/v1/contracts/{contract_id}/{below}"
        body = {"phrase": "I AGREE"} if verb is Verb.SIGN else None
        answer = await client.request(method, route, headers=headers, json=body)

        assert answer.is_success == (verb in shown), f"{verb}: {answer.status_code} {answer.text}"
        assert answer.is_success or answer.status_code in (404, 409)
        if verb in shown:
            assert (shown[verb]["method"], shown[verb]["route"]) == (method, route)


async def test_events_tell_each_party_what_they_may_do_next(harness):
    contract = await harness.drafted()
    await harness.sign(contract.contract_id, BUYER)
    asked = CreateSigningLink(contract_id=contract.contract_id)
    await harness.database.run(lambda tx: handlers.signing_link.create(tx, a_person(SELLER), asked))
    await harness.sign(contract.contract_id, SELLER)
    await harness.due()

    signing, reading = ["sign", "sign_web", "review_pdf"], ["review_pdf"]
    told = [(event["topic"].split(".")[1], event["actions"]) for event in await harness.told()]
    assert told == [
        ("contract_drafted", {BUYER: signing, SELLER: signing}),
        ("contract_signed", {BUYER: reading, SELLER: signing}),
        ("signing_link_created", {SELLER: signing}),
        ("contract_signed", {BUYER: reading, SELLER: reading}),
        ("contract_executing", {BUYER: reading, SELLER: reading}),
        ("contract_executed", {BUYER: reading, SELLER: reading}),
    ]
