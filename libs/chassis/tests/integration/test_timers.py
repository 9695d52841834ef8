"""What is due is done once, by one of many workers, across restarts and failures."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from chassis.clock import FileClock, SystemClock
from chassis.storage import database
from chassis.storage.timers import BACKOFF_S, BATCH, LEASE, Timers

HOUR = timedelta(hours=1)


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
async def other(database_url, clock):
    """A second worker on the same database."""
    async with database.connect(database_url, clock, "notifier") as opened:
        yield opened


async def set_timers(db, *subjects: str, kind: str = "expire", after=HOUR, payload=None) -> None:
    async with db.transaction() as transaction:
        for subject in subjects:
            await transaction.set_timer(kind, subject, transaction.now() + after, payload)


async def left(db) -> int:
    return await db.value("SELECT count(*) FROM timers")


def noting(timers: Timers, kind: str = "expire") -> list[str]:
    fired: list[str] = []

    @timers.on(kind)
    async def note(transaction, timer) -> None:
        fired.append(timer.subject_id)
        transaction.audit("fired", timer.subject_id)

    return fired


async def test_a_timer_fires_when_due_and_not_before(db, clock, timers):
    fired = noting(timers)
    await set_timers(db, "a")

    assert await timers.once(db) == 0
    clock.advance(HOUR)
    assert await timers.once(db) == 1

    assert fired == ["a"]
    assert await left(db) == 0


async def test_a_timer_brings_its_payload_and_the_earliest_fires_first(db, clock, timers):
    fired = []

    @timers.on("expire")
    async def note(transaction, timer) -> None:
        fired.append(timer.payload)

    await set_timers(db, "b", after=2 * HOUR, payload={"n": 2})
    await set_timers(db, "a", payload={"n": 1})
    clock.advance(3 * HOUR)
    await timers.once(db)

    assert fired == [{"n": 1}, {"n": 2}]


async def test_setting_a_timer_again_moves_it(db, clock, timers):
    fired = noting(timers)
    await set_timers(db, "a")
    await set_timers(db, "a", after=3 * HOUR)

    clock.advance(2 * HOUR)
    assert await timers.once(db) == 0
    clock.advance(HOUR)
    assert await timers.once(db) == 1
    assert fired == ["a"]


async def test_dropped_timers_never_fire(db, clock, timers):
    fired = noting(timers)
    noting(timers, "remind")
    await set_timers(db, "a", "b")
    await set_timers(db, "a", "b", kind="remind")
    async with db.transaction() as transaction:
        await transaction.drop_timers("a")
        await transaction.drop_timers("b", "remind")

    clock.advance(HOUR)
    await timers.once(db)

    assert fired == ["b"]


async def test_a_timer_that_fires_at_this_moment_is_not_waited_for(db, other, clock, timers):
    firing, dropped = asyncio.Event(), asyncio.Event()

    @timers.on("expire")
    async def slowly(transaction, timer) -> None:
        firing.set()
        await dropped.wait()

    await set_timers(db, "a", after=timedelta(0))
    fired = asyncio.create_task(timers.once(other))
    await firing.wait()

    async with asyncio.timeout(5), db.transaction() as transaction:
        await transaction.drop_timers("a")
    dropped.set()

    assert await fired == 1
    assert await left(db) == 0


@pytest.mark.invariant("V19")
async def test_a_restart_forgets_nothing(db, clock, other):
    await set_timers(db, "a")
    clock.advance(HOUR)
    after_restart = Timers()
    fired = noting(after_restart)

    await after_restart.once(other)

    assert fired == ["a"]


@pytest.mark.fault("P9")
async def test_two_workers_share_the_timers_and_fire_none_twice(db, other, clock):
    workers = [(Timers(), db), (Timers(), other)]
    fired = [noting(timers) for timers, _ in workers]
    await set_timers(db, *(f"s{number}" for number in range(30)))
    clock.advance(HOUR)

    async def work(timers: Timers, database) -> None:
        while await timers.once(database):
            pass

    await asyncio.gather(*(work(*worker) for worker in workers))

    assert sorted(fired[0] + fired[1]) == sorted(f"s{number}" for number in range(30))
    assert await db.value("SELECT count(*) FROM audit_entries") == 30


async def test_a_kind_that_this_process_does_not_know_is_left_alone(db, clock, timers):
    noting(timers)
    await set_timers(db, "a", kind="of_a_newer_version")
    clock.advance(HOUR)

    assert await timers.once(db) == 0
    assert await left(db) == 1


async def test_what_fails_is_undone_and_comes_later_and_later(db, clock, timers):
    tries = []

    @timers.on("expire")
    async def fail(transaction, timer) -> None:
        tries.append(clock.now())
        transaction.audit("tried", timer.subject_id)
        raise LookupError("not yet")

    noting(timers, "other")
    await set_timers(db, "a")
    await set_timers(db, "b", kind="other")
    clock.advance(HOUR)
    await timers.once(db)
    for wait in BACKOFF_S:
        assert await timers.once(db) == 0
        clock.advance(timedelta(seconds=wait))
        await timers.once(db)

    gaps = [(after - before).total_seconds() for before, after in pairwise(tries)]
    assert gaps == list(BACKOFF_S)
    assert await db.value("SELECT last_error FROM timers") == "LookupError: not yet"
    assert await db.value("SELECT count(*) FROM audit_entries WHERE action = 'tried'") == 0
    assert await db.value("SELECT count(*) FROM audit_entries WHERE action = 'fired'") == 1


async def test_a_job_runs_outside_any_transaction_and_is_done_once(db, clock, timers):
    ran = []

    @timers.job("pay")
    async def pay(database, timer) -> None:
        held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
        ran.append(await database.value(held + " AND datname = current_database()"))

    await set_timers(db, "a", kind="pay")
    clock.advance(HOUR)
    await timers.once(db)
    await timers.once(db)

    assert ran == [0]
    assert await left(db) == 0


async def test_a_job_that_fails_comes_later_and_later(db, clock, timers):
    tries = []

    @timers.job("pay")
    async def pay(database, timer) -> None:
        tries.append(timer.attempts)
        raise ConnectionError("the provider is away")

    await set_timers(db, "a", kind="pay")
    clock.advance(HOUR)
    await timers.once(db)
    for wait in BACKOFF_S[:3]:
        assert await timers.once(db) == 0
        clock.advance(timedelta(seconds=wait))
        await timers.once(db)

    assert tries == [0, 1, 2, 3]


async def test_a_lease_keeps_others_away_and_ends_with_its_holder(db, other, clock, timers):
    """The holder was killed in the middle: nobody runs the job before its lease is over."""
    ran = []

    @timers.job("pay")
    async def pay(database, timer) -> None:
        ran.append(timer.subject_id)

    await set_timers(db, "a", kind="pay")
    clock.advance(HOUR)
    assert len(await timers._lease(other)) == 1

    assert await timers.once(db) == 0
    clock.advance(LEASE)
    assert await timers.once(db) == 1
    assert ran == ["a"]


async def test_a_lease_is_renewed_for_as_long_as_the_job_runs(db, other, clock):
    """A job may take longer than a lease; another worker takes it only from the dead."""
    ran, ended = [], asyncio.Event()
    holder, waiting = Timers(renew_s=0.01), Timers()
    for timers in (holder, waiting):

        @timers.job("pay")
        async def pay(database, timer) -> None:
            ran.append(database)
            await ended.wait()

    await set_timers(db, "a", kind="pay")
    clock.advance(HOUR)
    working = asyncio.create_task(holder.once(db))
    async with asyncio.timeout(5):
        for _ in range(3):
            clock.advance(LEASE - timedelta(seconds=1))
            while await db.value("SELECT leased_until FROM timers") != clock.now() + LEASE:
                await asyncio.sleep(0.01)

    assert await waiting.once(other) == 0
    ended.set()
    assert await working == 1
    assert ran == [db]
    assert await left(db) == 0


async def test_a_timer_that_the_same_transaction_drops_again_is_not_set(db, clock, timers):
    fired = noting(timers)
    noting(timers, "remind")
    async with db.transaction() as transaction:
        for kind in ("expire", "remind"):
            await transaction.set_timer(kind, "a", transaction.now())
        await transaction.drop_timers("a", "expire")
        await transaction.set_timer("expire", "b", transaction.now())

    assert await timers.once(db) == 2
    assert fired == ["b"]


async def test_a_job_that_sets_its_own_timer_again_keeps_it(db, clock, timers):
    @timers.job("poll")
    async def poll(database, timer) -> None:
        await set_timers(database, timer.subject_id, kind="poll")

    await set_timers(db, "a", kind="poll")
    clock.advance(HOUR)
    await timers.once(db)

    assert await left(db) == 1
    assert await db.value("SELECT due_at FROM timers") == clock.now() + HOUR


async def test_running_for_ever_does_what_comes_due_at_once(db, timers):
    fired = noting(timers)
    task = asyncio.ensure_future(timers.forever(db))
    await asyncio.sleep(0)

    await set_timers(db, "a", after=timedelta())
    async with asyncio.timeout(5):
        while not fired:
            await asyncio.sleep(0.01)
    task.cancel()

    assert fired == ["a"]


@asynccontextmanager
async def running(timers: Timers, db):
    task = asyncio.ensure_future(timers.forever(db))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_job_that_takes_long_holds_up_neither_timers_nor_other_jobs(db, timers):
    fired, goes_on, paid = noting(timers), asyncio.Event(), asyncio.Event()

    @timers.job("slow")
    async def slow(database, timer) -> None:
        await goes_on.wait()

    @timers.job("pay")
    async def pay(database, timer) -> None:
        paid.set()

    await set_timers(db, *map(str, range(BATCH - 1)), kind="slow", after=timedelta())
    async with running(timers, db):
        async with asyncio.timeout(10):
            while await db.value("SELECT count(*) FROM timers WHERE leased_until IS NULL"):
                await asyncio.sleep(0.01)
            await set_timers(db, "a", after=timedelta())
            await set_timers(db, "b", kind="pay", after=timedelta())
            await paid.wait()
            while not fired or await left(db) > BATCH - 1:
                await asyncio.sleep(0.01)
        slow_ones = await left(db)
        goes_on.set()
        async with asyncio.timeout(10):
            while await left(db):
                await asyncio.sleep(0.01)

    assert (fired, slow_ones) == (["a"], BATCH - 1)


async def test_more_jobs_than_run_at_once_are_all_done(db, timers):
    ran, at_once, most = list[str](), 0, 0

    @timers.job("pay")
    async def pay(database, timer) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        ran.append(timer.subject_id)

    wanted = [str(number) for number in range(3 * BATCH)]
    await set_timers(db, *wanted, kind="pay", after=timedelta())
    async with running(timers, db), asyncio.timeout(20):
        while await left(db):
            await asyncio.sleep(0.01)

    assert sorted(ran) == sorted(wanted)
    assert most <= BATCH


@pytest.mark.invariant("V19")
@pytest.mark.parametrize("by", ["db", "other"])
async def test_a_timer_fires_at_its_moment_whoever_set_it(database_url, timers, by):
    """Other processes call nobody here: what they set is seen by a look before it is due."""
    now = SystemClock()
    fired = asyncio.Event()
    timers = Timers(look_every_s=0.3)

    @timers.on("expire")
    async def note(transaction, timer) -> None:
        late.append((now.now() - timer.due_at).total_seconds())
        fired.set()

    late: list[float] = []
    async with (
        database.connect(database_url, now, "notifier") as db,
        database.connect(database_url, now, "notifier") as other,
        running(timers, db),
    ):
        await set_timers({"db": db, "other": other}[by], "a", after=timedelta(seconds=0.8))
        async with asyncio.timeout(5):
            await fired.wait()

    assert 0 <= late[0] < 0.25


@pytest.mark.parametrize("known", [True, False], ids=["seen before", "not seen yet"])
async def test_a_clock_that_is_moved_is_followed_at_once(database_url, timers, tmp_path, known):
    clock = FileClock(tmp_path / "clock")
    fired = noting(timers)

    async with (
        database.connect(database_url, clock, "notifier") as db,
        database.connect(database_url, clock, "notifier") as other,
    ):
        if known:
            await set_timers(db, "a")
        async with running(timers, db):
            await asyncio.sleep(0.3)
            if not known:
                await set_timers(other, "a")
            (tmp_path / "clock").write_text("3600")
            async with asyncio.timeout(1.5):
                while not fired:
                    await asyncio.sleep(0.01)

    assert fired == ["a"]


async def test_what_failed_comes_again_in_its_time_without_a_call(database_url):
    timers, tries = Timers(look_every_s=60), []

    @timers.on("expire")
    async def fail_once(transaction, timer) -> None:
        tries.append(timer.attempts)
        if not timer.attempts:
            raise LookupError("not yet")

    async with database.connect(database_url, SystemClock(), "notifier") as db, running(timers, db):
        await set_timers(db, "a", after=timedelta())
        async with asyncio.timeout(BACKOFF_S[0] + 2):
            while len(tries) < 2:
                await asyncio.sleep(0.02)

    assert tries == [0, 1]
