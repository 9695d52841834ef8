"""Two people sign, in any order and at the same instant."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from chassis.problems import Problem
from contracts import handlers
from contracts.domain.contract import State
from contracts.domain.errors import AlreadySigned, NotAParty, TermsDiffer
from contracts.domain.signature import Method
from contracts_builders import BUYER, SELLER, STRANGER, a_harness, a_person, a_signing
from contracts_schema.events.identity import Tier

ROUNDS = 100


@pytest.mark.invariant("V10")
@pytest.mark.fault("X2")
async def test_both_sign_at_the_same_instant_and_it_is_executed_once(database):
    harness = a_harness(database)
    drafts = [await harness.drafted(f"round {number}") for number in range(ROUNDS)]

    for draft in drafts:
        barrier = asyncio.Barrier(2)

        async def sign(user_id: str, contract_id: str, barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            await harness.sign(contract_id, user_id)

        await asyncio.gather(*(sign(who, draft.contract_id, barrier) for who in (BUYER, SELLER)))
    await harness.due(20)

    contracts = [await harness.contract(draft.contract_id) for draft in drafts]
    assert {contract.state for contract in contracts} == {State.EXECUTED}
    assert all(len(contract.signatures) == 2 for contract in contracts)
    for name in ("contract_executing", "contract_executed"):
        told = [event["contract_id"] for event in await harness.told(f"contracts.{name}.v1")]
        assert sorted(told) == sorted(draft.contract_id for draft in drafts)
    signed = await harness.told("contracts.contract_signed.v1")
    assert [event["both"] for event in signed].count(True) == ROUNDS


async def test_the_same_person_twice_at_the_same_instant_signs_once(harness):
    for number in range(25):
        contract = await harness.drafted(f"twice {number}")

        outcomes = await asyncio.gather(
            *(harness.sign(contract.contract_id, BUYER) for _ in range(2)), return_exceptions=True
        )

        assert [type(one) for one in outcomes].count(AlreadySigned) == 1
        assert len((await harness.contract(contract.contract_id)).signatures) == 1


async def test_a_signature_is_kept_with_how_it_was_made(harness):
    contract = await harness.drafted()
    await harness.sign(
        contract.contract_id, BUYER, method=Method.REST, ip="203.0.113.9", user_agent="curl/8"
    )

    [kept] = (await harness.contract(contract.contract_id)).signatures
    assert (kept.method, kept.ip, kept.user_agent) == (Method.REST, "203.0.113.9", "curl/8")
    assert (kept.request_id, kept.terms_sha256) == ("r-1", contract.terms_sha256)
    [entry] = await harness.database.rows(
        "SELECT * FROM audit_entries WHERE action = 'contract.sign'"
    )
    assert entry["subject_id"] == contract.contract_id
    for told in await harness.told():
        assert "203.0.113.9" not in str(told)


@pytest.mark.invariant("V23")
@pytest.mark.parametrize(
    ("user_id", "changes", "refusal"),
    [
        (STRANGER, {}, NotAParty),
        (BUYER, {"seen_terms": "0" * 64}, TermsDiffer),
    ],
)
@pytest.mark.abuse("A7", "A8")
async def test_a_refused_signature_leaves_no_trace(harness, user_id, changes, refusal):
    contract = await harness.drafted()

    with pytest.raises(refusal):
        await harness.sign(contract.contract_id, user_id, **changes)

    assert await harness.contract(contract.contract_id) == contract
    assert await harness.names() == ["contract_drafted"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tier": Tier.TIER_0}, "tier_too_low"),
        ({"suspended": True}, "suspended"),
        ({"user_id": ""}, "not_registered"),
    ],
)
async def test_who_may_not_act_may_not_sign(harness, changes, code):
    contract = await harness.drafted()
    caller = a_person(**{"user_id": BUYER} | changes)

    with pytest.raises(Problem) as caught:
        await harness.database.run(
            lambda tx: handlers.signature.keep(tx, caller, contract.contract_id, a_signing())
        )

    assert caught.value.code == code


@pytest.mark.invariant("V10")
async def test_not_even_the_services_own_role_can_change_what_was_signed(harness):
    contract = await harness.drafted()
    await harness.sign(contract.contract_id, BUYER)

    for statement in (
        "UPDATE contracts SET terms = '{}'",
        "UPDATE contracts SET terms_sha256 = repeat('0', 64)",
        "UPDATE contracts SET pdf_sha256 = repeat('0', 64)",
        "DELETE FROM contracts",
        "UPDATE signatures SET signer_id = 'usr_x'",
        "DELETE FROM signatures",
        "UPDATE templates SET source = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await harness.database.pool.execute(statement)
