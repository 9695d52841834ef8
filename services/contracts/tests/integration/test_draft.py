"""Drafting happens once, however often it is begun, interrupted or repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from contracts.domain.contract import State
from contracts.domain.document import pdf_key
from contracts.domain.errors import SigningClosed, WrongState
from contracts_builders import (
    BUYER,
    MemoryArchive,
    a_deal,
    a_harness,
    a_policy,
)
from contracts_work import AFTER_LEASE, work_until_killed


async def test_an_offer_accepted_twice_makes_one_contract(harness):
    contract_id = await harness.accept(a_deal())
    await harness.accept(a_deal())
    await harness.due()
    await harness.accept(a_deal())
    await harness.due()

    assert await harness.names() == ["contract_drafted"]
    assert (await harness.contract(contract_id)).version == 1


async def test_the_terms_are_those_of_the_moment_of_acceptance(database):
    archive = MemoryArchive(away=True)
    contract_id = await a_harness(database, archive).accept(a_deal())

    archive.away = False
    dearer = a_harness(database, archive, policy=a_policy(stripe_fee_bps=900))
    await dearer.due()

    [drafted] = await dearer.told()
    contract = await dearer.contract(contract_id)
    assert drafted["terms_sha256"] == a_policy().terms(a_deal()).sha256() == contract.terms_sha256


async def test_an_archive_that_is_away_delays_the_contract_and_loses_nothing(database):
    archive = MemoryArchive(away=True)
    harness = a_harness(database, archive)
    contract_id = await harness.accept(a_deal())
    await harness.due()
    assert await harness.names() == []

    archive.away = False
    harness.clock.advance(timedelta(minutes=11))
    await harness.due()

    assert await harness.names() == ["contract_drafted"]
    assert len(archive.objects) == 2
    contract = await harness.contract(contract_id)
    assert contract.sign_before == harness.clock.now() + timedelta(hours=72)


@pytest.mark.fault("P1")
@pytest.mark.parametrize(
    "point",
    [
        "contracts.draft.accounts_kept",
        "contracts.draft.typeset",
        "contracts.draft.pdf_stored",
        "contracts.draft.terms_stored",
        "timers.before_done.contract.draft",
    ],
)
async def test_a_draft_killed_at_any_step_is_finished_once(
    database, database_url, archive, typesetter, past_the_archive, fresh, point
):
    harness = a_harness(database, archive, typesetter)
    contract_id = await harness.accept(a_deal(fresh))

    killed = work_until_killed(database_url, archive.bucket, point)
    assert killed.returncode == -9, killed.stderr
    harness.clock.advance(AFTER_LEASE)
    await harness.due()

    assert await harness.names() == ["contract_drafted"]
    contract = await harness.contract(contract_id)
    listed = past_the_archive("GET", f"?prefix=contracts%2F{contract_id}%2F").text
    assert listed.count("<Key>") == 2
    assert f"<Key>{pdf_key(contract_id, contract.pdf_sha256)}</Key>" in listed
    assert await database.value("SELECT count(*) FROM timers WHERE kind = 'contract.draft'") == 0


@pytest.mark.fault("P1")
@pytest.mark.parametrize(
    "point",
    ["contracts.execute.begun", "contracts.execute.checked", "timers.before_done.contract.execute"],
)
async def test_an_execution_killed_at_any_step_is_finished_once(
    database, database_url, archive, fresh, point
):
    harness = a_harness(database, archive)
    contract = await harness.drafted(fresh)
    await harness.both_sign(contract.contract_id)

    killed = work_until_killed(database_url, archive.bucket, point)
    assert killed.returncode == -9, killed.stderr
    harness.clock.advance(AFTER_LEASE)
    await harness.due()

    assert (await harness.contract(contract.contract_id)).state is State.EXECUTED
    assert len(await harness.told("contracts.contract_executed.v1")) == 1


async def test_windows_no_rail_can_hold_end_the_deal_at_once(database):
    harness = a_harness(database, policy=a_policy(inspection_window_s=75 * 86_400))
    contract_id = await harness.accept(a_deal(delivery_s=30 * 86_400))
    await harness.accept(a_deal(delivery_s=30 * 86_400))
    await harness.due()

    [voided] = await harness.told()
    assert voided["reason_code"] == "windows_too_long"
    assert voided["deal_id"] == a_deal().deal_id
    contract = await harness.contract(contract_id)
    assert (contract.state, contract.pdf_sha256) == (State.VOID, None)
    with pytest.raises(WrongState):
        await harness.sign(contract_id, BUYER)


async def test_a_contract_that_is_not_signed_in_time_is_void(harness):
    contract = await harness.drafted()
    await harness.sign(contract.contract_id, BUYER)

    harness.clock.advance(timedelta(hours=72, seconds=-1))
    await harness.due()
    assert (await harness.contract(contract.contract_id)).state is State.PENDING_SIGNATURE
    harness.clock.advance(timedelta(seconds=1))
    with pytest.raises(SigningClosed):
        await harness.sign(contract.contract_id, a_deal().seller_id)
    await harness.due()

    found = await harness.contract(contract.contract_id)
    assert (found.state, found.void_reason) == (State.VOID, "not_signed_in_time")
    assert (await harness.names())[-1] == "contract_voided"
    with pytest.raises(WrongState):
        await harness.sign(contract.contract_id, a_deal().seller_id)
    assert len(found.signatures) == 1


async def test_a_signed_contract_is_not_voided_by_its_old_timer(harness):
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)
    harness.clock.advance(timedelta(hours=73))
    await harness.due()

    assert (await harness.contract(contract.contract_id)).state is State.EXECUTED
    assert "contract_voided" not in await harness.names()
