"""The check of the whole ledger goes on where it stopped, and what it finds stops releases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from chassis.cause import Cause
from chassis.storage.database import Database
from chassis_proposals import approve
from escrow.domain.errors import LedgerRed, LedgerUnproven
from escrow.handlers import ledger_check
from escrow.store import halt as halts
from escrow.store import ledger_check as checks
from escrow.store.ledger import ESCROWS_AT_ONCE
from escrow_builders import (
    ADMIN,
    BUYER,
    HOUR,
    PRICE,
    SECOND_ADMIN,
    House,
    as_person,
    running,
    some_terms,
)
from escrow_process import a_world
from holdfast.testbed import as_superuser

PATH = "/v1/admin/ledger"
COPY = """
INSERT INTO escrows SELECT (made).* FROM (
    SELECT jsonb_populate_record(NULL::escrows, to_jsonb(one) || jsonb_build_object(
        'escrow_id', 'esc_' || n, 'contract_id', 'ctr_' || n, 'deal_id', 'ofr_' || n)) AS made
    FROM (SELECT * FROM escrows WHERE state = 'AWAIT_FUNDS' LIMIT 1) one,
        generate_series(1, $1::int) n) copies
"""


@pytest.fixture
async def breaker(database_url, postgres_url) -> AsyncIterator[asyncpg.Connection]:
    """A connection that can do what nobody here may."""
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO escrow; SET session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture
async def client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    async with running(house.database, database_url, house.rails) as made:
        yield made


async def ask(client, house, method="GET", path="", who=ADMIN):
    return await client.request(method, PATH + path, headers=as_person(who, house.clock))


async def many(house: House, breaker: asyncpg.Connection, parts: int) -> int:
    """Escrows that wait for money, for so many parts of a check; how many."""
    await house.open(some_terms("many"))
    count = (parts - 1) * ESCROWS_AT_ONCE + 10
    await breaker.execute(COPY, count - 1)
    return count


async def stopped_after_one_part(database: Database) -> checks.Check:
    """A check whose process ends in the middle."""
    job = asyncio.ensure_future(ledger_check.run(database))
    async with asyncio.timeout(60):
        while (check := await checks.find(database, checks.RUNNING)) is None or not check.checked:
            await asyncio.sleep(0)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    found = await checks.find(database, checks.RUNNING)
    assert found is not None
    return found


async def test_a_check_goes_on_where_it_stopped_and_remembers_what_it_found(house: House, breaker):
    count = await many(house, breaker, parts=4)
    await breaker.execute(
        "UPDATE escrows SET received = 5, surplus = 5 WHERE escrow_id = (SELECT escrow_id"
        " FROM escrows ORDER BY created_at, escrow_id LIMIT 1)"
    )

    stopped = await stopped_after_one_part(house.database)
    halted = await halts.in_force(house.database)
    await breaker.execute("UPDATE escrows SET received = 0, surplus = 0")
    house.clock.advance(HOUR)
    report = await ledger_check.run(house.database)

    assert (stopped.escrows, stopped.checked % ESCROWS_AT_ONCE) == (count, 0)
    assert stopped.checked < count
    assert list(halted) == [ledger_check.HALT]  # by the first part, not at the end
    assert not report.green
    ended = await checks.find(house.database, checks.ENDED)
    assert ended is not None
    assert (ended.began_at, ended.checked) == (stopped.began_at, count)
    assert await checks.find(house.database, checks.RUNNING) is None


async def test_two_that_check_at_once_do_not_count_anything_twice(house: House, breaker):
    count = await many(house, breaker, parts=3)

    both = [ledger_check.run(house.database) for _ in range(2)]
    ends = await asyncio.gather(*both, return_exceptions=True)

    assert all(isinstance(it, checks.Overtaken | ledger_check.Report) for it in ends), ends
    reports = [it for it in ends if isinstance(it, ledger_check.Report)]
    assert reports
    assert all(it.green for it in reports)
    ended = await checks.find(house.database, checks.ENDED)
    assert ended is not None
    assert ended.checked == count


@pytest.mark.fault("P5")
async def test_a_kill_in_the_middle_of_a_check_costs_no_part_of_it(
    house: House, breaker, database_url, broker_for, tmp_path: Path
):
    count = await many(house, breaker, parts=3)
    await breaker.execute("DELETE FROM timers WHERE kind <> $1", ledger_check.CHECK)
    await breaker.execute("DELETE FROM ledger_checks")  # the one of the first escrow alone

    broker, killed = broker_for("escrow", "notifier"), "escrow.between_parts_of_ledger_check"
    async with a_world(database_url, broker, tmp_path, killed) as world:
        await world.until("SELECT count(*) FROM ledger_checks WHERE state = 'ENDED'", 1)
        deaths = world.deaths

    ended = await checks.find(house.database, checks.ENDED)
    assert ended is not None
    assert ended.ended_at is not None
    assert (deaths, ended.checked, ended.faults) == (1, count, {})
    assert (ended.ended_at - ended.began_at).total_seconds() >= 61  # it was not begun anew


async def test_an_administrator_reads_the_newest_check_and_the_progress_of_the_next(
    house: House, client, breaker
):
    nothing = await ask(client, house)
    await house.funded()
    await many(house, breaker, parts=3)
    asked = await ask(client, house, "POST", "/check")
    await house.due()
    shown = await ask(client, house)
    stopped = await stopped_after_one_part(house.database)
    under_way = await ask(client, house)

    assert (nothing.status_code, nothing.json()["holds"], nothing.json()["proofs"]) == (
        200,
        None,
        [],
    )
    assert asked.status_code == 202
    assert (shown.json()["holds"], shown.json()["halted"]) == (True, {})
    assert shown.json()["running"] is None
    assert shown.json()["totals"]["escrow USD"] == PRICE
    assert len(shown.json()["proofs"]) == 10
    progress = under_way.json()["running"]
    assert (progress["checked"], progress["escrows"]) == (stopped.checked, stopped.escrows)
    assert under_way.json()["checked_at"] == shown.json()["checked_at"]


async def test_a_check_that_is_under_way_is_not_begun_a_second_time(house: House, client, breaker):
    await many(house, breaker, parts=3)
    await house.due()
    stopped = await stopped_after_one_part(house.database)

    answer = await ask(client, house, "POST", "/check")

    assert answer.json()["running"]["checked"] == stopped.checked
    soon = "SELECT count(*) FROM timers WHERE kind = $1 AND due_at <= $2"
    assert not await house.database.value(soon, ledger_check.CHECK, house.clock.now())


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/check"), ("POST", "/resume")])
async def test_the_ledger_is_for_administrators(house: House, client, method, path):
    refused = await ask(client, house, method, path, BUYER)

    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")


async def test_releases_are_resumed_by_a_check_that_began_after_they_were_stopped(
    house: House, client, database
):
    await house.funded()
    house.clock.advance(HOUR)
    await house.database.pool.execute(
        "INSERT INTO halts VALUES ('ledger', 'red', $1)", house.clock.now()
    )

    halted = await ask(client, house)
    too_soon = await ask(client, house, "POST", "/resume")
    await ask(client, house, "POST", "/check")
    await house.due()
    await house.know_administrators()
    proposed = await ask(client, house, "POST", "/resume")
    still = await ask(client, house)
    second = as_person(SECOND_ADMIN, house.clock)
    resumed = await approve(client, "escrow", proposed.json(), second)
    going = await ask(client, house)
    nothing = await ask(client, house, "POST", "/resume")

    assert (proposed.status_code, still.json()["halted"]) == (202, {"ledger": "red"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "not_halted")
    assert halted.json()["halted"] == {"ledger": "red"}
    assert (too_soon.status_code, too_soon.json()["code"]) == (409, "ledger_unproven")
    assert (resumed.status_code, going.json()["halted"]) == (200, {})
    audited = "SELECT actor FROM audit_entries WHERE action = 'releases.resume'"
    assert await database.value(audited) == SECOND_ADMIN


async def test_a_red_ledger_is_not_resumed(house: House, client, database):
    await house.funded()
    await database.pool.execute("UPDATE payments SET received = received + 1")

    await ask(client, house, "POST", "/check")
    await house.due()
    answer = await ask(client, house, "POST", "/resume")
    shown = (await ask(client, house)).json()

    assert (answer.status_code, answer.json()["code"]) == (409, "ledger_red")
    assert (shown["holds"], list(shown["halted"])) == (False, ["ledger"])


async def test_a_green_check_of_before_does_not_resume_while_the_next_is_red_so_far(
    house: House, breaker
):
    await house.due()
    await many(house, breaker, parts=3)
    await breaker.execute("UPDATE escrows SET received = 5, surplus = 5")
    await stopped_after_one_part(house.database)

    with pytest.raises(LedgerRed):
        await house.database.run(ledger_check.resume, Cause(actor=ADMIN))
    await breaker.execute("DELETE FROM ledger_checks")
    with pytest.raises(LedgerUnproven):
        await house.database.run(ledger_check.resume, Cause(actor=ADMIN))
