"""The executed copy: made once when the contract is in force, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from contracts.adapters.seal_key import read
from contracts.adapters.typst import TypstWorker
from contracts.domain.contract import State
from contracts.domain.document import pdf_key
from contracts.domain.party import Account
from contracts.handlers import executed_copy
from contracts.handlers.executed_copy import EXECUTED_COPY
from contracts_builders import (
    ACCOUNTS,
    ADMIN,
    BUYER,
    SELLER,
    STRANGER,
    FlatTypesetter,
    MemoryArchive,
    MemoryPeople,
    a_deal,
    a_harness,
    a_seal,
    a_timer,
    as_person,
    running,
)
from contracts_documents import is_sealed, text_of
from contracts_work import AFTER_LEASE, work_until_killed


@pytest.fixture
def memory() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def harness(database, memory):
    return a_harness(database, memory)


@pytest.fixture
async def client(database, database_url, memory) -> AsyncIterator[httpx.AsyncClient]:
    async with running(
        database, memory, FlatTypesetter(), database_url=database_url
    ) as open_client:
        yield open_client


async def in_force(harness, name: str = "deal"):
    contract = await harness.drafted(name)
    await harness.both_sign(contract.contract_id)
    await harness.due()
    return await harness.contract(contract.contract_id)


async def test_a_contract_in_force_has_its_executed_copy_beside_the_text(database, archive, fresh):
    worker = TypstWorker(a_seal())
    harness = a_harness(database, archive, worker)

    contract = await in_force(harness, fresh)
    await worker.close()

    assert contract.state is State.EXECUTED
    key = pdf_key(contract.contract_id, contract.executed_pdf_sha256)
    pdf = await archive.read(key, contract.executed_pdf_sha256)
    text = text_of(pdf)
    assert await asyncio.to_thread(is_sealed, pdf)
    assert "Signed by" in text
    assert contract.pdf_sha256 in text
    assert text.count(contract.terms_sha256) >= 3
    for user_id in (BUYER, SELLER):
        assert ACCOUNTS[user_id][1].name in text
    assert "127.0.0.1" not in text
    key = pdf_key(contract.contract_id, contract.pdf_sha256)
    signed = await archive.read(key, contract.pdf_sha256)
    assert await asyncio.to_thread(is_sealed, signed)
    assert "Signed by" not in text_of(signed)


@pytest.mark.fault("P1")
@pytest.mark.parametrize(
    "point",
    [
        "contracts.executed_copy.typeset",
        "contracts.executed_copy.stored",
        "timers.before_done.contract.executed_copy",
    ],
)
async def test_a_copy_killed_at_any_step_is_made_once(
    database, database_url, archive, typesetter, past_the_archive, fresh, point
):
    harness = a_harness(database, archive, typesetter)
    contract = await harness.drafted(fresh)
    await harness.both_sign(contract.contract_id)

    killed = work_until_killed(database_url, archive.bucket, point)
    assert killed.returncode == -9, killed.stderr
    harness.clock.advance(AFTER_LEASE)
    await harness.due()

    made = await harness.contract(contract.contract_id)
    assert made.executed_pdf_sha256 is not None
    listed = past_the_archive("GET", f"?prefix=contracts%2F{contract.contract_id}%2F").text
    assert listed.count("<Key>") == 3
    assert f"<Key>{pdf_key(made.contract_id, made.executed_pdf_sha256)}</Key>" in listed
    assert await database.value("SELECT count(*) FROM timers WHERE kind LIKE 'contract.e%'") == 0


async def test_a_repetition_makes_no_second_copy(harness, memory):
    contract = await in_force(harness)
    kept = dict(memory.objects)

    timer = a_timer(EXECUTED_COPY, contract.contract_id)
    await executed_copy.make(harness.database, timer, harness.drafting)

    assert memory.objects == kept
    assert await harness.database.value("SELECT count(*) FROM executed_copies") == 1
    audited = "SELECT count(*) FROM audit_entries WHERE action = 'contract.executed_copy'"
    assert await harness.database.value(audited) == 1


async def test_an_archive_that_is_away_delays_the_copy_and_nothing_else(harness, memory):
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)
    await harness.timers.once(harness.database)
    memory.away = True
    await harness.due()
    waiting = await harness.contract(contract.contract_id)

    memory.away = False
    harness.clock.advance(timedelta(minutes=11))
    await harness.due()

    assert (waiting.state, waiting.executed_pdf_sha256) == (State.EXECUTED, None)
    assert (await harness.contract(contract.contract_id)).executed_pdf_sha256 is not None
    assert len(await harness.told("contracts.contract_executed.v1")) == 1


async def test_a_contract_that_is_not_in_force_gets_no_copy(harness):
    contract = await harness.drafted()
    await harness.sign(contract.contract_id, BUYER)

    timer = a_timer(EXECUTED_COPY, contract.contract_id)
    await executed_copy.make(harness.database, timer, harness.drafting)

    assert await harness.database.value("SELECT count(*) FROM executed_copies") == 0


async def test_the_names_are_asked_once_and_stay_those_of_the_drafting(database):
    people, memory = MemoryPeople(), MemoryArchive(away=True)
    harness = a_harness(database, memory, people=people)
    contract_id = await harness.accept(a_deal())
    await harness.due()
    people.known = {SELLER: (Account("roblox", "41", "renamed"),), BUYER: ()}
    memory.away = False
    harness.clock.advance(timedelta(minutes=11))
    await harness.due()
    await harness.both_sign(contract_id)
    await harness.due()

    documents = [content for key, content in memory.objects.items() if key.endswith(".pdf")]
    assert people.asked == 1
    assert len(documents) == 2
    for document in documents:
        assert b"MaraBuilds" in document
        assert b"renamed" not in document


async def test_while_nobody_tells_who_the_parties_are_the_contract_waits(database):
    people = MemoryPeople(away=True)
    harness = a_harness(database, people=people)
    await harness.accept(a_deal())
    await harness.due()
    assert await harness.names() == []

    people.away = False
    harness.clock.advance(timedelta(minutes=11))
    await harness.due()

    assert await harness.names() == ["contract_drafted"]


async def test_the_parties_fetch_the_text_and_the_copy_and_nobody_else_does(client, harness):
    contract = await harness.drafted()
    path = f"/v1/contracts/{contract.contract_id}/pdf"
    buyer = as_person(BUYER, harness.clock)
    before = {
        copy: await client.get(f"{path}?copy={copy}", headers=buyer)
        for copy in ("signed", "executed", "latest")
    }
    await harness.both_sign(contract.contract_id)
    await harness.due()

    read_again = (await client.get(path[: -len("/pdf")], headers=buyer)).json()
    hashes = {
        who: {
            copy: hashlib.sha256(
                (
                    await client.get(f"{path}?copy={copy}", headers=as_person(who, harness.clock))
                ).content
            ).hexdigest()
            for copy in ("signed", "executed", "latest")
        }
        for who in (BUYER, SELLER)
    }
    others = [
        await client.get(f"{path}?copy=executed", headers=as_person(who, harness.clock))
        for who in (STRANGER, ADMIN)
    ]
    wrong = await client.get(f"{path}?copy=other", headers=buyer)

    assert [one.status_code for one in before.values()] == [200, 404, 200]
    assert before["executed"].json()["code"] == "no_executed_copy"
    assert before["latest"].content == before["signed"].content
    signed, executed = read_again["pdf_sha256"], read_again["executed_pdf_sha256"]
    assert signed != executed
    for who in (BUYER, SELLER):
        assert hashes[who] == {"signed": signed, "executed": executed, "latest": executed}
    assert [one.status_code for one in others] == [404, 404]
    assert wrong.status_code == 422


async def test_whoever_holds_the_copy_can_check_it(client, harness, memory):
    contract = await in_force(harness)
    key = pdf_key(contract.contract_id, contract.executed_pdf_sha256)

    told = (await client.post("/v1/contracts/verify", content=memory.objects[key])).json()
    changed = await client.post("/v1/contracts/verify", content=memory.objects[key] + b"\n")

    assert (told["verdict"], told["document"]) == ("GENUINE", "executed")
    assert (told["contract_id"], told["terms_sha256"]) == (
        contract.contract_id,
        contract.terms_sha256,
    )
    assert changed.json()["verdict"] == "UNKNOWN"


async def test_the_certificate_of_the_seal_is_published_without_its_key(client):
    answer = await client.get("/.well-known/contract-seal.pem")

    assert answer.status_code == 200
    assert answer.text == read(a_seal()).published
    assert "PRIVATE" not in answer.text
