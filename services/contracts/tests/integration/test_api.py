"""REST: who may read and sign what, and how refusals read."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import chain

import httpx
import pytest
from chassis import principals
from chassis_proposals import approve
from contracts_builders import (
    ADMIN,
    ARBITRATOR,
    BUYER,
    ISSUER,
    SECOND_ADMIN,
    SELLER,
    STRANGER,
    FlatTypesetter,
    MemoryArchive,
    a_harness,
    as_person,
    running,
)
from contracts_schema.events.identity import PlatformRole, RoleChanged
from contracts_schema.ids import derive_id


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


def signature(**changes) -> dict[str, str]:
    return {"phrase": "I AGREE"} | changes


async def test_a_party_reads_terms_hashes_and_whose_turn_it_is(client, harness):
    contract = await harness.drafted()
    await harness.sign(contract.contract_id, BUYER)

    answer = await client.get(
        f"/v1/contracts/{contract.contract_id}", headers=as_person(SELLER, harness.clock)
    )

    body = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert body["terms"]["price"] == {"minor": 430_000, "currency": "USD"}
    assert body["terms_sha256"] == contract.terms_sha256
    assert body["waits_for"] == ["seller"]
    assert "void" in body["what_is_next"]
    [kept] = body["signatures"]
    assert kept.keys() == {"signer_id", "side", "method", "terms_sha256", "signed_at"}


@pytest.mark.parametrize(("who", "status"), [(STRANGER, 404), (ARBITRATOR, 200), (ADMIN, 200)])
async def test_who_else_may_read_a_contract(client, harness, who, status):
    contract = await harness.drafted()

    answer = await client.get(
        f"/v1/contracts/{contract.contract_id}", headers=as_person(who, harness.clock)
    )

    assert answer.status_code == status


async def test_a_list_holds_ones_own_contracts_page_by_page(client, harness):
    made = []
    for number in range(5):
        made.append(await harness.drafted(f"mine {number}"))
        harness.clock.advance(timedelta(seconds=1))
    await harness.drafted("others", buyer_id=STRANGER, seller_id=ADMIN)

    headers, pages, path = as_person(BUYER, harness.clock), [], "/v1/contracts?limit=2"
    while path:
        answer = await client.get(path, headers=headers)
        pages.append([one["id"] for one in answer.json()["data"]])
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert list(chain(*pages)) == [contract.contract_id for contract in reversed(made)]
    void = await client.get("/v1/contracts?state=VOID", headers=headers)
    assert void.json() == {"data": [], "next_cursor": None}


async def test_a_cursor_of_another_list_is_refused(client, harness):
    for number in range(2):
        await harness.drafted(f"mine {number}")
    first = await client.get("/v1/contracts?limit=1", headers=as_person(BUYER, harness.clock))

    answer = await client.get(
        f"/v1/contracts?limit=1&cursor={first.json()['next_cursor']}",
        headers=as_person(SELLER, harness.clock),
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_both_sign_over_rest(client, harness):
    contract = await harness.drafted()
    path = f"/v1/contracts/{contract.contract_id}/signatures"

    first = await client.post(
        path, json=signature(), headers=as_person(BUYER, harness.clock) | {"User-Agent": "curl/8"}
    )
    second = await client.post(
        path,
        json=signature(terms_sha256=contract.terms_sha256),
        headers=as_person(SELLER, harness.clock) | {"If-Match": first.headers["etag"]},
    )

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["state"] == "EXECUTING"
    found = await harness.contract(contract.contract_id)
    assert found.signatures[0].user_agent == "curl/8"
    assert found.signatures[0].request_id
    await harness.due()
    again = await client.get(
        f"/v1/contracts/{contract.contract_id}", headers=as_person(BUYER, harness.clock)
    )
    assert again.json()["state"] == "EXECUTED"


async def test_the_same_key_is_one_signature_and_one_answer(client, harness):
    contract = await harness.drafted()
    path = f"/v1/contracts/{contract.contract_id}/signatures"
    headers = as_person(BUYER, harness.clock) | {"Idempotency-Key": "signature-1"}

    first = await client.post(path, json=signature(), headers=headers)
    second = await client.post(path, json=signature(), headers=headers)
    without = await client.post(path, json=signature(), headers=as_person(BUYER, harness.clock))

    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert (without.status_code, without.json()["code"]) == (409, "already_signed")
    assert "The seller can sign until" in without.json()["detail"]


@pytest.mark.parametrize(
    ("who", "body", "headers", "status", "code"),
    [
        (BUYER, {"phrase": "yes"}, {}, 422, "wrong_phrase"),
        (BUYER, {"phrase": "I AGREE\x00"}, {}, 422, "invalid_input"),
        (BUYER, {"phrase": "I AGREE" * 9}, {}, 422, "invalid_input"),
        (BUYER, {}, {}, 422, "invalid_input"),
        (BUYER, {"phrase": "I AGREE", "price": 1}, {}, 422, "invalid_input"),
        (BUYER, {"phrase": "I AGREE", "terms_sha256": "0" * 64}, {}, 409, "terms_differ"),
        (BUYER, {"phrase": "I AGREE", "terms_sha256": "0"}, {}, 422, "invalid_input"),
        (BUYER, {"phrase": "I AGREE"}, {"If-Match": '"7"'}, 412, "version_moved"),
        (BUYER, {"phrase": "I AGREE"}, {"If-Match": "7"}, 400, "if_match_malformed"),
        (STRANGER, {"phrase": "I AGREE"}, {}, 404, "not_found"),
        (STRANGER, {"phrase": "I AGREE"}, {"If-Match": '"7"'}, 404, "not_found"),
        (ADMIN, {"phrase": "I AGREE"}, {}, 404, "not_found"),
    ],
)
async def test_a_refusal_names_cause_and_next_step_and_changes_nothing(
    client, harness, who, body, headers, status, code
):
    contract = await harness.drafted()

    answer = await client.post(
        f"/v1/contracts/{contract.contract_id}/signatures",
        json=body,
        headers=as_person(who, harness.clock) | headers,
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert problem["next_action"]
    assert await harness.contract(contract.contract_id) == contract


async def test_without_a_login_nothing_but_the_verdict_is_told(client, harness):
    contract = await harness.drafted()

    for path in ("", "/pdf"):
        answer = await client.get(f"/v1/contracts/{contract.contract_id}{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_pdf_goes_to_the_parties_only_and_its_hash_is_known(client, harness):
    contract = await harness.drafted()
    path = f"/v1/contracts/{contract.contract_id}/pdf"

    answer = await client.get(path, headers=as_person(BUYER, harness.clock))
    strangers = [
        await client.get(path, headers=as_person(who, harness.clock)) for who in (STRANGER, ADMIN)
    ]

    assert hashlib.sha256(answer.content).hexdigest() == contract.pdf_sha256
    assert answer.headers["content-type"] == "application/pdf"
    assert [one.status_code for one in strangers] == [404, 404]


async def test_a_pdf_whose_archive_is_away_is_told_as_passing(client, harness, memory):
    contract = await harness.drafted()
    memory.away = True

    answer = await client.get(
        f"/v1/contracts/{contract.contract_id}/pdf", headers=as_person(BUYER, harness.clock)
    )

    assert (answer.status_code, answer.json()["retryable"]) == (503, True)


async def test_whoever_holds_the_pdf_can_check_it(client, harness, memory):
    contract = await harness.drafted()
    [pdf] = [content for key, content in memory.objects.items() if key.endswith(".pdf")]

    genuine = (await client.post("/v1/contracts/verify", content=pdf)).json()
    changed = (await client.post("/v1/contracts/verify", content=pdf + b"\n")).json()

    assert (genuine["verdict"], genuine["contract_id"]) == ("GENUINE", contract.contract_id)
    assert genuine["terms_sha256"] == contract.terms_sha256
    assert (changed["verdict"], changed["contract_id"]) == ("UNKNOWN", None)


async def test_what_is_no_pdf_or_too_large_is_refused(client):
    small = await client.post("/v1/contracts/verify", content=b"hello")
    none = await client.post("/v1/contracts/verify")
    large = await client.post("/v1/contracts/verify", content=b"%PDF-" + bytes(17 * 1024 * 1024))

    assert [one.json()["code"] for one in (small, none, large)] == [
        "not_a_pdf",
        "not_a_pdf",
        "body_too_large",
    ]


async def test_an_administrator_publishes_a_template_that_later_contracts_use(
    client, harness, database
):
    before = await harness.drafted("before")
    headers = as_person(ADMIN, harness.clock)
    await administrators_are_known(database)

    proposed = await client.post(
        "/v1/admin/contract-templates", json={"source": "= Plain", "note": "test"}, headers=headers
    )
    unchanged = await harness.drafted("meanwhile")
    second = as_person(SECOND_ADMIN, harness.clock)
    made = await approve(client, "contracts", proposed.json(), second)
    listed = (await client.get("/v1/admin/contract-templates", headers=headers)).json()["data"]

    assert (proposed.status_code, proposed.json()["does"]["source"]) == (202, "= Plain")
    assert unchanged.template_version == before.template_version
    assert (made.status_code, made.json()["state"]) == (200, "DONE")
    shown = [(one["version"], one["active"]) for one in listed]
    assert shown == [(3, True), (2, False), (1, False)]
    assert (await harness.drafted("after")).template_version == 3
    assert before.template_version == 2


async def administrators_are_known(database):
    async with database.transaction() as tx:
        for user_id in (ADMIN, SECOND_ADMIN):
            role, previous = PlatformRole.ADMIN, PlatformRole.USER
            event = RoleChanged(user_id=user_id, role=role, previous=previous)
            await principals.project(tx, event, sequence=1)


@pytest.mark.abuse("A13")
async def test_of_two_templates_that_were_proposed_on_the_same_one_only_one_is_taken(
    client, harness, database
):
    await administrators_are_known(database)
    first, second = (as_person(who, harness.clock) for who in (ADMIN, SECOND_ADMIN))
    proposals = [
        await client.post("/v1/admin/contract-templates", json={"source": source}, headers=headers)
        for source, headers in (("= One", first), ("= Two", second))
    ]

    answers = [
        await approve(client, "contracts", proposal.json(), headers)
        for proposal, headers in zip(proposals, (second, first), strict=True)
    ]

    assert [one.status_code for one in answers] == [200, 409]
    assert answers[1].json()["code"] == "proposal_outdated"
    active = "SELECT source FROM templates WHERE active"
    assert await database.value(active) == "= One"


async def test_templates_are_for_administrators(client, harness):
    headers = as_person(BUYER, harness.clock)

    read = await client.get("/v1/admin/contract-templates", headers=headers)
    write = await client.post("/v1/admin/contract-templates", json={"source": "x"}, headers=headers)

    assert [read.status_code, write.status_code] == [403, 403]


async def test_a_template_that_does_not_compile_changes_nothing(database, database_url, harness):
    async with running(database, MemoryArchive(), database_url=database_url) as client:
        answer = await client.post(
            "/v1/admin/contract-templates",
            json={"source": "#nonsense"},
            headers=as_person(ADMIN, harness.clock),
        )

    assert (answer.status_code, answer.json()["code"]) == (422, "template_refused")
    assert "nonsense" in answer.json()["detail"]
    assert await database.value("SELECT max(version) FROM templates WHERE active") == 2


async def test_an_administrator_runs_a_failed_execution_again(client, harness, memory):
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)
    memory.away = True
    for _ in range(3):
        await harness.due()
        harness.clock.advance(timedelta(seconds=31))
    path = f"/v1/admin/contracts/{contract.contract_id}/execute"

    refused = await client.post(path, headers=as_person(BUYER, harness.clock))
    memory.away = False
    accepted = await client.post(path, headers=as_person(ADMIN, harness.clock))
    await harness.due()
    again = await client.post(path, headers=as_person(ADMIN, harness.clock))

    assert [one.status_code for one in (refused, accepted, again)] == [403, 202, 409]
    assert again.json()["detail"] == "Cannot retry a contract that is EXECUTED."


async def test_what_does_not_exist_is_not_found(client, harness):
    nothing = derive_id("ctr", "nothing")
    headers = as_person(BUYER, harness.clock)

    answers = [
        await client.get(f"/v1/contracts/{nothing}", headers=headers),
        await client.get(f"/v1/contracts/{nothing}/pdf", headers=headers),
        await client.post(f"/v1/contracts/{nothing}/signatures", json=signature(), headers=headers),
        await client.post(f"/v1/contracts/{nothing}/signing-links", headers=headers),
    ]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "not_found")}


async def test_a_link_is_made_for_who_can_still_sign(client, harness):
    contract = await harness.drafted()
    path = f"/v1/contracts/{contract.contract_id}/signing-links"

    made = await client.post(path, headers=as_person(BUYER, harness.clock))
    await harness.sign(contract.contract_id, BUYER)
    late = await client.post(path, headers=as_person(BUYER, harness.clock))

    assert made.status_code == 201
    assert made.json()["url"].startswith(f"{ISSUER}/sign/")
    assert made.headers["cache-control"] == "no-store"
    assert (late.status_code, late.json()["code"]) == (409, "already_signed")
    secret = made.json()["url"].rpartition("/")[2]
    for table in ("signing_links", "outbox", "audit_entries", "idempotency_keys"):
        rows = await harness.database.rows(f"SELECT t::text AS shown FROM {table} t")
        assert all(secret not in row["shown"] for row in rows)
