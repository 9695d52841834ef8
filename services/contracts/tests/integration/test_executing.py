"""The execution checks everything once more, three times at most."""

from __future__ import annotations

from datetime import timedelta

import pytest
from chassis.problems import Problem
from contracts.domain.contract import State
from contracts.domain.errors import WrongState
from contracts.handlers import executing
from contracts_builders import ADMIN, BUYER, MemoryArchive, a_house, a_person


async def attempts(house, count: int) -> None:
    for _ in range(count):
        await house.due()
        house.clock.advance(timedelta(seconds=31))


async def job(house) -> tuple[str, int]:
    row = await house.database.row("SELECT state, attempts FROM execution_jobs")
    return row["state"], row["attempts"]


async def test_an_archive_that_comes_back_in_time_costs_only_time(database):
    archive = MemoryArchive()
    house = a_house(database, archive)
    contract = await house.drafted()
    await house.both_sign(contract.contract_id)

    archive.away = True
    await attempts(house, 2)
    assert await job(house) == ("PENDING", 2)
    archive.away = False
    await house.due()

    assert (await house.contract(contract.contract_id)).state is State.EXECUTED
    assert await job(house) == ("COMPLETED", 2)


async def test_after_three_failures_an_operator_runs_it_again(database):
    archive = MemoryArchive()
    house = a_house(database, archive)
    contract = await house.drafted()
    await house.both_sign(contract.contract_id)

    archive.away = True
    await attempts(house, 5)
    [failed] = await house.told("contracts.contract_execution_failed.v1")
    assert (failed["attempts"], failed["reason_code"]) == (3, "archive_unavailable")
    assert (await house.contract(contract.contract_id)).state is State.EXECUTION_FAILED
    assert await job(house) == ("FAILED", 3)

    archive.away = False
    await database.run(lambda tx: executing.retry(tx, a_person(ADMIN), contract.contract_id))
    await house.due()

    assert (await house.contract(contract.contract_id)).state is State.EXECUTED
    assert len(await house.told("contracts.contract_executed.v1")) == 1
    sequences = [event["headers"]["sequence"] for event in await house.told()]
    assert sequences == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("suffix", [".pdf", ".json"])
async def test_a_changed_document_is_never_put_into_force(database, suffix):
    archive = MemoryArchive()
    house = a_house(database, archive)
    contract = await house.drafted()
    await house.both_sign(contract.contract_id)

    [key] = [key for key in archive.objects if key.endswith(suffix)]
    archive.objects[key] = archive.objects[key][:-1] + b"X"
    await attempts(house, 5)

    [failed] = await house.told("contracts.contract_execution_failed.v1")
    assert failed["reason_code"] == "archive_differs"
    assert await house.told("contracts.contract_executed.v1") == []


async def test_only_an_administrator_runs_it_again_and_only_when_it_failed(house):
    contract = await house.drafted()

    with pytest.raises(Problem, match="needs the role ADMIN"):
        await house.database.run(
            lambda tx: executing.retry(tx, a_person(BUYER), contract.contract_id)
        )
    with pytest.raises(WrongState, match="retry a contract that is PENDING_SIGNATURE"):
        await house.database.run(
            lambda tx: executing.retry(tx, a_person(ADMIN), contract.contract_id)
        )


async def test_the_job_run_twice_at_once_puts_it_into_force_once(house):
    contract = await house.drafted()
    await house.both_sign(contract.contract_id)

    import asyncio

    from chassis.cause import Cause

    await asyncio.gather(
        *(
            executing.execute(house.database, contract.contract_id, house.work.archive, Cause())
            for _ in range(5)
        )
    )

    assert len(await house.told("contracts.contract_executed.v1")) == 1
