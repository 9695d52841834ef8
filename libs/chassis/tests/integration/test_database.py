"""A transaction leaves everything or nothing, and is tried again only when the database asks."""

import asyncio

import asyncpg
import pytest
from chaos_proxy import standing_before
from chassis.cause import Cause
from chassis.storage import database
from chassis.storage.database import MAX_TRIES, NotCommitted, RowLock, Transaction
from chassis.storage.ends import insertion
from chassis.storage.inbox import Claim, apply_once, handled
from chassis.storage.sql import statement
from chassis.storage.tables import principals, timers
from chassis_builders import an_event
from contracts_schema.ids import uuid7
from holdfast.testbed import as_superuser
from sqlalchemy import bindparam, select


async def counts(db) -> dict[str, int]:
    tables = ("outbox", "audit_entries", "timers", "inbox")
    return {name: await db.value(f"SELECT count(*) FROM {name}") for name in tables}


CLAIM = statement("INSERT INTO inbox (consumer, message_id) VALUES (:consumer, :message_id)")
NOTHING = {"outbox": 0, "audit_entries": 0, "timers": 0, "inbox": 0}


async def do_everything(transaction: Transaction) -> None:
    transaction.stage(an_event())
    transaction.audit("did", "usr_x")
    await transaction.set_timer("later", "usr_x", transaction.now())
    await transaction.run(CLAIM, consumer="notifier.events", message_id=uuid7())


async def test_all_of_a_transaction_is_committed(db):
    await db.run(do_everything)

    assert await counts(db) == dict.fromkeys(NOTHING, 1)


async def test_a_failed_transaction_leaves_nothing_and_wakes_nobody(db):
    async def fail(transaction: Transaction) -> None:
        await do_everything(transaction)
        raise LookupError("no")

    with pytest.raises(LookupError):
        await db.run(fail)

    assert await counts(db) == NOTHING
    assert not any(event.is_set() for event in (db.outbox_filled, db.timers_set, db.audit_written))


async def test_a_cancelled_transaction_leaves_nothing_and_a_clean_connection(db):
    begun = asyncio.Event()

    async def hang(transaction: Transaction) -> None:
        await do_everything(transaction)
        begun.set()
        await transaction.value("SELECT pg_sleep(60)")

    tasks = [asyncio.ensure_future(db.run(hang)) for _ in range(4)]
    await begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert await counts(db) == NOTHING
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
    assert await db.value(open_ones + " AND datname = current_database()") == 0


ADD = insertion(principals)
SOMEBODY = {
    "user_id": "usr_x", "discord_id": None, "tier": "TIER_0", "role": "USER", "suspended": False,
    "tier_sequence": 0,
    "role_sequence": 0,
    "suspended_sequence": 0,
}  # fmt: skip


async def test_a_transaction_that_asked_nothing_was_never_begun(db):
    async with db.transaction() as transaction:
        pass

    assert not transaction.opened


@pytest.mark.invariant("V14")
async def test_a_row_and_what_is_staged_of_it_are_one_statement(db):
    async with db.transaction() as transaction:
        assert await transaction.add(ADD, **SOMEBODY)
        transaction.stage(an_event())
        transaction.audit("did", "usr_x")
        await transaction.set_timer("later", "usr_x", transaction.now())

    assert not transaction.opened
    assert await counts(db) == {"outbox": 1, "audit_entries": 1, "timers": 1, "inbox": 0}
    assert await db.value("SELECT user_id FROM principals") == "usr_x"
    assert all(event.is_set() for event in (db.outbox_filled, db.timers_set, db.audit_written))


@pytest.mark.parametrize("then_ask", [False, True])
async def test_a_row_that_is_there_already_fails_what_was_begun_with_it(db, then_ask):
    async def work(transaction: Transaction) -> None:
        await transaction.add(ADD, **SOMEBODY)
        transaction.stage(an_event())
        if then_ask:
            await transaction.value("SELECT 1")

    await db.run(lambda transaction: transaction.add(ADD, **SOMEBODY))
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.run(work)

    assert await counts(db) == NOTHING


async def test_a_row_that_others_follow_is_there_for_them_and_goes_with_them(db):
    async def fail(transaction: Transaction) -> None:
        await transaction.add(ADD, **SOMEBODY)
        assert await transaction.value("SELECT count(*) FROM principals") == 1
        assert not await transaction.add(ADD, **SOMEBODY)
        raise LookupError("no")

    with pytest.raises(LookupError):
        await db.run(fail)

    assert await db.value("SELECT count(*) FROM principals") == 0


async def test_a_flush_that_fails_leaves_nothing(db):
    async def stage_twice(transaction: Transaction) -> None:
        await do_everything(transaction)
        transaction.staged.append(transaction.staged[0])

    with pytest.raises(asyncpg.UniqueViolationError):
        await db.run(stage_twice)

    assert await counts(db) == NOTHING


async def test_a_failure_that_was_swallowed_is_not_taken_for_success(db):
    async def swallow(transaction: Transaction) -> None:
        await do_everything(transaction)
        try:
            await transaction.run("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            transaction.staged.clear()
            transaction.audited.clear()
            transaction.timers.clear()

    with pytest.raises(NotCommitted):
        await db.run(swallow)

    assert await counts(db) == NOTHING


@pytest.mark.fault("D4")
@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_the_database_asks_to_repeat_is_repeated_and_done_once(db, state):
    tries = 0

    async def fail_first(transaction: Transaction) -> str:
        nonlocal tries
        tries += 1
        await do_everything(transaction)
        if tries < 3:
            await transaction.run(f"DO $$ BEGIN RAISE 'again' USING ERRCODE = '{state}'; END $$")
        return "done"

    assert await db.run(fail_first) == "done"
    assert tries == 3
    assert await counts(db) == dict.fromkeys(NOTHING, 1)


async def test_it_is_not_repeated_for_ever(db):
    tries = 0

    async def fail(transaction: Transaction) -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.SerializationError("again")

    with pytest.raises(asyncpg.SerializationError):
        await db.run(fail)

    assert tries == MAX_TRIES


async def test_two_transactions_that_lock_each_other_both_end_well(db):
    await db.pool.execute(
        "INSERT INTO timers (timer_id, kind, subject_id, due_at) VALUES"
        " ('a', 'k', 'a', now()), ('b', 'k', 'b', now())"
    )
    barrier = asyncio.Barrier(2)

    def crossing(first: str, second: str):
        met = False

        async def work(transaction: Transaction) -> None:
            nonlocal met
            change = "UPDATE timers SET attempts = attempts + 1 WHERE timer_id = $1"
            await transaction.run(change, first)
            if not met:
                met = True
                await barrier.wait()
            await transaction.run(change, second)

        return work

    await asyncio.gather(db.run(crossing("a", "b")), db.run(crossing("b", "a")))

    assert {row["attempts"] for row in await db.rows("SELECT attempts FROM timers")} == {2}


@pytest.mark.fault("D3")
async def test_a_commit_whose_reply_was_lost_is_not_done_twice_when_tried_again(
    database_url, clock
):
    message_id, effects = uuid7(), 0

    async def work(transaction: Transaction) -> None:
        nonlocal effects
        effects += 1
        transaction.audit("did", "usr_x")

    async with (
        standing_before(database_url) as proxy,
        database.connect(proxy.url, clock, "notifier", 2) as far,
    ):

        async def lose_the_reply(transaction: Transaction) -> None:
            await work(transaction)
            await transaction.flush()
            transaction.audited.clear()
            proxy.swallow_replies = True
            asyncio.get_running_loop().call_later(0.3, proxy.cut)

        with pytest.raises((asyncpg.PostgresError, OSError)):
            await apply_once(far, Claim("notifier.events", message_id), lose_the_reply, Cause())
        proxy.back()

        assert proxy.swallowed
        assert not await apply_once(far, Claim("notifier.events", message_id), work, Cause())
        assert await far.value("SELECT count(*) FROM audit_entries") == effects == 1


@pytest.mark.fault("P3")
async def test_twenty_at_once_apply_a_message_once(db):
    message_id, applied = uuid7(), []

    async def work(transaction: Transaction) -> None:
        applied.append(1)
        await transaction.value("SELECT pg_sleep(0.01)")

    first = await asyncio.gather(
        *(apply_once(db, Claim("it's.events", message_id), work, Cause()) for _ in range(20))
    )

    assert sum(first) == len(applied) == 1
    assert await handled(db, "it's.events", message_id)
    assert not await handled(db, "notifier.events", message_id)


async def test_a_message_whose_work_failed_may_be_applied_later(db):
    message_id = uuid7()

    async def fail(transaction: Transaction) -> None:
        raise LookupError("too early")

    async def work(transaction: Transaction) -> None:
        transaction.audit("did", "usr_x")

    with pytest.raises(LookupError):
        await apply_once(db, Claim("notifier.events", message_id), fail, Cause())

    assert await apply_once(db, Claim("notifier.events", message_id), work, Cause())


_TAKEN = statement(
    select(timers.c.timer_id).where(timers.c.timer_id == bindparam("timer_id")).with_for_update()
)
_FREE = statement(
    select(timers.c.timer_id)
    .where(timers.c.timer_id == bindparam("timer_id"))
    .with_for_update(skip_locked=True)
)


async def test_the_row_that_a_message_is_about_is_locked_with_begin(db):
    """In the same round trip, before the claim; a quote in its id stays a character of the id."""
    timer_id, message_id = "later:it's", uuid7()

    async def make(transaction: Transaction) -> None:
        await transaction.set_timer("later", "it's", transaction.now())

    async def work(transaction: Transaction) -> None:
        assert transaction.holds(timer_id)
        assert not transaction.holds("later:its")
        assert await db.rows(_FREE, timer_id=timer_id) == []

    await db.run(make)
    lock = RowLock(timer_id, _TAKEN.inline(timer_id=timer_id))

    claim = Claim("notifier.events", message_id, lock)
    assert await apply_once(db, claim, work, Cause())
    assert not await apply_once(db, claim, work, Cause())
    assert len(await db.rows(_FREE, timer_id=timer_id)) == 1


@pytest.mark.fault("D1")
async def test_the_pool_heals_when_its_connections_were_ended(db, database_url, postgres_url):
    breaker = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await breaker.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await breaker.close()

    async with asyncio.timeout(5):
        while True:
            try:
                await db.run(do_everything)
                break
            except database.LOST:
                await asyncio.sleep(0.05)

    assert (await counts(db))["outbox"] == 1
