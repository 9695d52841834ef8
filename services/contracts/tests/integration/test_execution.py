"""The execution checks everything once more, three times at most."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from chassis.problems import Problem
from contracts import handlers
from contracts.domain.contract import State
from contracts.domain.errors import WrongState
from contracts.handlers.execution import EXECUTE
from contracts_builders import ADMIN, BUYER, MemoryArchive, a_harness, a_person, a_timer


async def attempts(harness, count: int) -> None:
    for _ in range(count):
        await harness.due()
        harness.clock.advance(timedelta(seconds=31))


async def execution(harness) -> tuple[str, int]:
    row = await harness.database.row("SELECT state, attempts FROM execution_jobs")
    return row["state"], row["attempts"]


async def test_an_archive_that_comes_back_in_time_costs_only_time(database):
    archive = MemoryArchive()
    harness = a_harness(database, archive)
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)

    archive.away = True
    await attempts(harness, 2)
    assert await execution(harness) == ("PENDING", 2)
    archive.away = False
    await harness.due()

    assert (await harness.contract(contract.contract_id)).state is State.EXECUTED
    assert await execution(harness) == ("COMPLETED", 2)


async def test_after_three_failures_an_operator_runs_it_again(database):
    archive = MemoryArchive()
    harness = a_harness(database, archive)
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)

    archive.away = True
    await attempts(harness, 5)
    [failed] = await harness.told("contracts.contract_execution_failed.v1")
    assert (failed["attempts"], failed["reason_code"]) == (3, "archive_unavailable")
    assert (await harness.contract(contract.contract_id)).state is State.EXECUTION_FAILED
    assert await execution(harness) == ("FAILED", 3)

    archive.away = False
    await database.run(
        lambda tx: handlers.execution.retry(tx, a_person(ADMIN), contract.contract_id)
    )
    await harness.due()

    assert (await harness.contract(contract.contract_id)).state is State.EXECUTED
    assert len(await harness.told("contracts.contract_executed.v1")) == 1
    sequences = [event["headers"]["cloudEvents_sequence"] for event in await harness.told()]
    assert sequences == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("suffix", [".pdf", ".json"])
async def test_a_changed_document_is_never_put_into_force(database, suffix):
    archive = MemoryArchive()
    harness = a_harness(database, archive)
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)

    [key] = [key for key in archive.objects if key.endswith(suffix)]
    archive.objects[key] = archive.objects[key][:-1] + b"X"
    await attempts(harness, 5)

    [failed] = await harness.told("contracts.contract_execution_failed.v1")
    assert failed["reason_code"] == "archive_differs"
    assert await harness.told("contracts.contract_executed.v1") == []


async def test_only_an_administrator_runs_it_again_and_only_when_it_failed(harness):
    contract = await harness.drafted()

    with pytest.raises(Problem, match="needs the role ADMIN"):
        await harness.database.run(
            lambda tx: handlers.execution.retry(tx, a_person(BUYER), contract.contract_id)
        )
    with pytest.raises(WrongState, match="retry a contract that is PENDING_SIGNATURE"):
        await harness.database.run(
            lambda tx: handlers.execution.retry(tx, a_person(ADMIN), contract.contract_id)
        )


async def test_the_job_run_twice_at_once_puts_it_into_force_once(harness):
    contract = await harness.drafted()
    await harness.both_sign(contract.contract_id)

    timer = a_timer(EXECUTE, contract.contract_id)
    await asyncio.gather(
        *(
            handlers.execution.execute(harness.database, timer, harness.drafting.archive)
            for _ in range(5)
        )
    )

    assert len(await harness.told("contracts.contract_executed.v1")) == 1
