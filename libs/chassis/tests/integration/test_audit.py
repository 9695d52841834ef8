"""The log of who did what: nobody of ours can change it, and whoever can is found out."""

import asyncio
import tracemalloc

import asyncpg
import pytest
from chassis.storage import audit, audit_check
from holdfast.testbed import as_superuser


@pytest.fixture
async def superuser(db, database_url, postgres_url):
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO notifier")
    yield connection
    await connection.close()


async def write(db, count: int = 5) -> None:
    for number in range(count):
        async with db.transaction() as transaction:
            transaction.audit("pay", f"esc_{number}", reason="because", amount=number)


async def test_a_chain_that_nobody_touched_holds(db):
    await write(db)

    assert await audit.chain_once(db) == 5
    assert await audit.chain_once(db) == 0
    await write(db)
    assert await audit.chain_once(db) == 5
    assert await audit_check.check(db) == []


TAMPERINGS = {
    "one letter of a reason": "UPDATE audit_entries SET reason = 'Because' WHERE {third}",
    "who did it": "UPDATE audit_entries SET actor = 'usr_other' WHERE {third}",
    "when": "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE {third}",
    "an amount": "UPDATE audit_entries SET details = regexp_replace(details, '[0-9]', '7')"
    " WHERE {third}",
    "a hash": "UPDATE audit_chain SET hash = repeat('0', 64) WHERE sequence = 3",
    "an entry is gone": "WITH gone AS (DELETE FROM audit_chain WHERE sequence = 3"
    " RETURNING position) DELETE FROM audit_entries WHERE position IN (SELECT position FROM gone)",
    "the first is gone": "DELETE FROM audit_chain WHERE sequence = 1",
    "only the entry is gone": "DELETE FROM audit_entries WHERE {third}",
    "two change places": "UPDATE audit_chain SET sequence = 99 WHERE sequence = 2;"
    " UPDATE audit_chain SET sequence = 2 WHERE sequence = 3;"
    " UPDATE audit_chain SET sequence = 3 WHERE sequence = 99",
    "two change contents": "ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_position_key;"
    " UPDATE audit_chain a SET position = b.position FROM audit_chain b"
    " WHERE (a.sequence, b.sequence) IN ((2, 3), (3, 2))",
}


@pytest.mark.invariant("V17")
@pytest.mark.parametrize("sql", TAMPERINGS.values(), ids=TAMPERINGS.keys())
async def test_whoever_has_all_rights_is_found_out(db, superuser, sql):
    await write(db)
    await audit.chain_once(db)
    third = "position = (SELECT position FROM audit_chain WHERE sequence = 3)"

    await superuser.execute("SET session_replication_role = replica")
    await superuser.execute(sql.format(third=third))

    assert await audit_check.check(db)


async def test_an_entry_slipped_in_among_the_old_ones_is_found_out(db, superuser):
    await write(db)
    await audit.chain_once(db)
    before_all = -2 * audit.LOOK_BACK

    await superuser.execute(
        "INSERT INTO audit_entries (position, entry_id, at, actor, action, subject_id)"
        " OVERRIDING SYSTEM VALUE SELECT $1, gen_random_uuid(), at, actor, action, subject_id"
        " FROM audit_entries LIMIT 1",
        before_all,
    )
    await audit.chain_once(db)

    assert await audit_check.check(db) == [f"the entry at position {before_all} was never linked"]


async def fill(db, superuser, entries: int) -> None:
    """So many entries of a kilobyte each, linked."""
    await superuser.execute(
        "INSERT INTO audit_entries (entry_id, at, actor, action, subject_id, reason)"
        " SELECT gen_random_uuid(), now(), 'usr', 'pay', 'esc_' || n, repeat('x', 1000)"
        " FROM generate_series(1, $1::int) n",
        entries,
    )
    while await audit.chain_once(db):
        pass


async def test_the_memory_of_a_check_does_not_grow_with_the_log(db, superuser):
    await fill(db, superuser, 20 * audit_check.CHECKED_AT_ONCE)

    tracemalloc.start()
    try:
        faults = await audit_check.check(db)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert faults == []
    assert most < 4 * audit_check.CHECKED_AT_ONCE * 1_500


async def test_faults_are_found_in_every_part_of_the_log_and_the_first_of_them_are_told(
    db, superuser
):
    last = 2 * audit_check.CHECKED_AT_ONCE + 10
    await fill(db, superuser, last)
    await superuser.execute("SET session_replication_role = replica")
    change = "UPDATE audit_chain SET hash = repeat('0', 64) WHERE sequence"
    remove = "DELETE FROM audit_entries WHERE position IN (SELECT position FROM audit_chain WHERE "

    await superuser.execute(f"{change} = {last}")
    only = await audit_check.check(db)
    await superuser.execute(f"{remove} sequence = {audit_check.CHECKED_AT_ONCE})")
    two = await audit_check.check(db)
    await superuser.execute(f"{change} > 10")
    many = await audit_check.check(db)

    assert only == [f"entry {last} is not what was written"]
    at_the_edge = audit_check.CHECKED_AT_ONCE
    assert two == [f"entry {at_the_edge} is gone, only its link is there", *only]
    assert many[0] == "entry 11 is not what was written"
    assert many[audit_check.MOST_FAULTS :] == ["and there are more"]


CHANGES = [
    f"{change} {table}"
    for table in ("audit_entries", "audit_chain")
    for change in ("DELETE FROM", "TRUNCATE")
] + ["UPDATE audit_entries SET actor = 'x'", "UPDATE audit_chain SET hash = 'x'"]


@pytest.mark.parametrize("sql", CHANGES)
@pytest.mark.abuse("A14", "B4")
async def test_the_service_itself_may_only_add(db, sql):
    await write(db, 2)
    await audit.chain_once(db)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.pool.execute(sql)


@pytest.mark.parametrize("sql", [sql + " CASCADE" * ("TRUNCATE" in sql) for sql in CHANGES])
async def test_not_even_the_owner_of_the_tables_may_change_them(db, superuser, sql):
    await write(db, 2)
    await audit.chain_once(db)
    await superuser.execute("SET ROLE notifier_owner")

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await superuser.execute(sql)


@pytest.mark.invariant("V17")
@pytest.mark.fault("P9")
async def test_two_who_link_do_not_fork_the_chain(db):
    async def link() -> None:
        for _ in range(20):
            await audit.chain_once(db)

    await asyncio.gather(write(db, 30), write(db, 30), link(), link(), link())
    while await audit.chain_once(db):
        pass

    assert await db.value("SELECT count(*) FROM audit_chain") == 60
    assert await audit_check.check(db) == []


async def test_entries_are_linked_as_they_come(db):
    task = asyncio.ensure_future(audit.forever(db))
    await asyncio.sleep(0)

    await write(db, 1)
    async with asyncio.timeout(5):
        while not await db.value("SELECT count(*) FROM audit_chain"):
            await asyncio.sleep(0.01)
    task.cancel()

    assert await audit_check.check(db) == []
