"""How far the log is, hour by hour: whoever cuts, empties, forges or rewrites it is found out."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from chassis.ops.telemetry import AUDIT_FAULTS
from chassis.storage import audit, audit_check, audit_heads
from chassis.storage.database import connect
from chassis.storage.timers import Timers
from contracts_schema.events.audit import BY_SERVICE
from holdfast.testbed import as_superuser

HOUR = timedelta(hours=1)


@pytest.fixture
async def superuser(db, database_url, postgres_url):
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO notifier")
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture
async def timers(db):
    await audit_heads.begin(db)
    return audit_heads.register(Timers())


async def write(db, count: int = 5) -> None:
    async with db.transaction() as transaction:
        for number in range(count):
            transaction.audit("pay", f"esc_{number}", reason="because", amount=number)


async def an_hour_later(db, timers) -> None:
    """What is due with the next full hour is done."""
    db.clock.advance(HOUR)
    while await timers.once(db):
        pass


async def told(db) -> list[dict]:
    rows = await db.rows("SELECT topic, body FROM outbox ORDER BY position")
    assert {row["topic"] for row in rows} <= {"escrow.audit_head_recorded.v1"}
    return [json.loads(row["body"]) for row in rows]


async def faults(db) -> list[str]:
    """What the check finds, once whatever was not linked is linked."""
    while await audit.chain_once(db):
        pass
    return await audit_check.check(db)


CUT = (
    "DELETE FROM audit_entries WHERE position IN"
    " (SELECT position FROM audit_chain WHERE sequence > {after});"
    "DELETE FROM audit_chain WHERE sequence > {after}"
)
RELINKED = "DELETE FROM audit_chain WHERE sequence > 1"
"""The service's own worker links what it finds unlinked, as whoever relinks would."""
FORGE = (
    "INSERT INTO audit_entries (position, entry_id, at, actor, action, subject_id)"
    " OVERRIDING SYSTEM VALUE SELECT -5, gen_random_uuid(), at - interval '1 year', 'usr_admin',"
    " action, subject_id FROM audit_entries LIMIT 1"
)
ATTACKS = {
    "the end is cut off": CUT.format(after=3),
    "the log is emptied": "TRUNCATE audit_entries, audit_chain",
    "the log is emptied, and its numbers begin anew": "TRUNCATE audit_entries, audit_chain"
    " RESTART IDENTITY",
    "an entry is changed, and all after it linked anew": "UPDATE audit_entries SET actor = 'usr_x'"
    f" WHERE position = 2; {RELINKED}",
    "an entry is removed, and all after it linked anew": "DELETE FROM audit_entries"
    f" WHERE position = 2; {RELINKED}",
    "two change places, and all after them are linked anew": "UPDATE audit_entries a"
    " SET entry_id = b.entry_id, subject_id = b.subject_id, details = b.details"
    " FROM audit_entries b WHERE (a.position, b.position) IN ((2, 3), (3, 2));"
    f" {RELINKED}",
    "an old entry is forged, and linked with the newest": FORGE,
    "the first entry is forged, and all are linked anew": f"{FORGE}; TRUNCATE audit_chain",
}


@pytest.mark.abuse("K5")
@pytest.mark.parametrize("then", [0, 5], ids=["nothing more", "and work goes on"])
@pytest.mark.parametrize("sql", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.invariant("V17")
async def test_who_rewrites_the_log_is_found_out_by_the_next_check(
    db, timers, superuser, sql, then
):
    await write(db)
    await an_hour_later(db, timers)
    assert await faults(db) == []

    await superuser.execute(sql)
    if then:
        await write(db, then)

    assert await faults(db)


@pytest.mark.abuse("K5")
@pytest.mark.parametrize("sql", ATTACKS.values(), ids=ATTACKS.keys())
async def test_who_rewrites_the_recorded_heads_too_tells_another_story_within_the_hour(
    db, timers, superuser, sql
):
    await write(db)
    await an_hour_later(db, timers)
    [before] = await told(db)

    await superuser.execute(sql)
    await superuser.execute("DELETE FROM audit_heads")
    while await audit.chain_once(db):
        pass
    row = await superuser.fetchrow("SELECT * FROM audit_chain ORDER BY sequence DESC LIMIT 1")
    entries, last = (row["sequence"], row["hash"]) if row else (0, audit.GENESIS)
    at = datetime.fromisoformat(before["at"])
    await superuser.execute("INSERT INTO audit_heads VALUES ($1, $2, $3)", at, entries, last)
    await an_hour_later(db, timers)

    [_, after] = await told(db)
    assert after["follows"]["at"] == before["at"]
    assert (after["follows"]["entries"], after["follows"]["hash"]) != (
        before["entries"],
        before["hash"],
    )


async def test_each_head_says_what_the_log_holds_at_the_place_of_the_one_before(db, timers):
    await an_hour_later(db, timers)
    await write(db)
    await an_hour_later(db, timers)
    await an_hour_later(db, timers)

    empty, second, third = [BY_SERVICE["escrow"].model_validate(body) for body in await told(db)]
    assert (empty.entries, empty.hash, empty.follows) == (0, audit.GENESIS, None)
    assert (second.entries, third.entries) == (5, 5)
    assert (second.follows.at, second.follows.entries) == (empty.at, 0)
    assert (second.follows.hash, third.follows.hash) == (empty.hash, second.hash)
    assert second.hash == await db.value("SELECT hash FROM audit_chain WHERE sequence = 5")


async def test_a_head_that_the_log_does_not_reach_any_more_is_followed_by_nothing(
    db, timers, superuser
):
    await write(db)
    await an_hour_later(db, timers)
    await superuser.execute(CUT.format(after=3))
    await an_hour_later(db, timers)

    [_, after] = await told(db)
    assert (after["entries"], after["follows"]["entries"], after["follows"]["hash"]) == (3, 5, None)


async def test_nothing_is_wrong_with_a_log_that_works_on(db, timers):
    assert await faults(db) == []
    await an_hour_later(db, timers)
    assert await faults(db) == []

    await write(db)
    assert await faults(db) == []
    await an_hour_later(db, timers)
    await write(db)
    assert await audit_check.check(db) == []
    assert await faults(db) == []


async def test_an_entry_that_is_committed_while_a_head_is_recorded_is_no_forgery(db, timers):
    async with db.transaction() as late:
        await late.open()
        late.audit("pay", "esc_late")
        await late.flush()
        late.audited.clear()
        await write(db)
        db.clock.advance(timedelta(minutes=5))
        await db.run(lambda tx: audit_heads.record(tx, None))
    assert await db.value("SELECT entries FROM audit_heads") == 5

    assert await faults(db) == []
    assert await db.value("SELECT count(*) FROM audit_chain") == 6


async def test_everything_that_was_committed_is_under_the_head(db, timers):
    await write(db, 3 * audit.BATCH + 1)
    await an_hour_later(db, timers)

    [head] = await told(db)
    assert head["entries"] == 3 * audit.BATCH + 1


@pytest.mark.fault("P9")
async def test_two_processes_record_one_head_an_hour(db, database_url, clock, timers):
    async with connect(database_url, clock, "escrow") as other:
        for hour in range(1, 6):
            clock.advance(HOUR)
            await asyncio.gather(*(timers.once(one) for one in (db, other, db, other)))
            assert len(await told(db)) == hour

    assert await db.value("SELECT count(*) FROM audit_heads") == 5


@pytest.mark.fault("P1")
async def test_a_head_that_was_not_committed_is_recorded_again_and_once(db, timers, monkeypatch):
    due = "SELECT due_at FROM timers WHERE kind = $1"
    [record, first] = timers.handlers[audit_heads.RECORD], await db.value(due, audit_heads.RECORD)

    async def killed(tx, timer):
        await record(tx, timer)
        await tx.flush()
        raise ConnectionError("gone before the commit")

    timers.handlers[audit_heads.RECORD] = killed
    db.clock.advance(HOUR)
    await timers.once(db)
    assert await told(db) == []
    assert await db.value("SELECT count(*) FROM audit_heads") == 0
    timers.handlers[audit_heads.RECORD] = record
    db.clock.advance(timedelta(minutes=1))
    while await timers.once(db):
        pass

    assert len(await told(db)) == 1
    assert await db.value(due, audit_heads.RECORD) == first + HOUR


async def test_a_service_that_starts_again_leaves_its_timers_as_they_are(db, timers):
    before = await db.rows("SELECT kind, due_at FROM timers ORDER BY kind")
    db.clock.advance(timedelta(minutes=10))
    await audit_heads.begin(db)

    assert await db.rows("SELECT kind, due_at FROM timers ORDER BY kind") == before
    assert [row["kind"] for row in before] == [audit_heads.CHECK, audit_heads.RECORD]


async def test_the_full_hour_is_the_moment_for_a_head():
    at = datetime(2026, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)

    assert audit_heads.following(at) == datetime(2026, 1, 2, tzinfo=UTC)
    assert audit_heads.following(datetime(2026, 1, 2, tzinfo=UTC)) == datetime(
        2026, 1, 2, 1, tzinfo=UTC
    )


@pytest.mark.abuse("K5")
async def test_a_red_log_raises_the_alarm_and_is_checked_every_hour_till_it_is_right(
    db, timers, superuser
):
    await write(db)
    await an_hour_later(db, timers)
    due = "SELECT due_at - $1 FROM timers WHERE kind = $2"
    assert await db.value(due, db.clock.now(), audit_heads.CHECK) == audit_heads.CHECK_EVERY
    counted = alarms()
    db.clock.advance(audit_heads.CHECK_EVERY)
    await timers.once(db)
    assert alarms() == counted

    await superuser.execute(CUT.format(after=3))
    db.clock.advance(audit_heads.CHECK_EVERY)
    await timers.once(db)

    assert alarms() > counted
    assert await db.value(due, db.clock.now(), audit_heads.CHECK) == audit_heads.WHILE_RED


def alarms() -> float:
    return sum(
        sample.value
        for metric in AUDIT_FAULTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels == {"check": "log"}
    )


@pytest.mark.parametrize("sql", ["DELETE FROM audit_heads", "UPDATE audit_heads SET entries = 0"])
@pytest.mark.abuse("K5", "B4")
async def test_the_service_itself_cannot_change_what_it_recorded(db, timers, sql):
    await an_hour_later(db, timers)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.pool.execute(sql)


async def test_heads_that_are_kept_elsewhere_are_compared_with_the_log(db, timers, superuser):
    await write(db)
    await an_hour_later(db, timers)
    heads = [tuple(row) for row in await db.rows("SELECT at, entries, hash FROM audit_heads")]
    assert await audit_check.differences(db, heads) == []
    assert await audit_check.differences(db, []) == []

    await superuser.execute("TRUNCATE audit_entries, audit_chain, audit_heads")

    [fault] = await audit_check.differences(db, heads)
    assert fault.endswith("the log had 5 entries, and now it has less")


@pytest.mark.abuse("K5")
async def test_an_operator_compares_the_log_with_the_heads_under_lock(
    db, database_url, timers, superuser
):
    await write(db)
    await an_hour_later(db, timers)
    lines = "".join(json.dumps(body) + "\n" for body in await told(db))
    other = json.dumps({"service": "listings", "at": "2026-01-01T00:00:00Z", "entries": 9})

    right = checked(database_url, lines + other)
    await superuser.execute("TRUNCATE audit_entries, audit_chain, audit_heads")
    wrong = checked(database_url, lines + other)

    assert (right.returncode, right.stdout) == (0, "ok   escrow, against 1 heads under lock\n")
    assert wrong.returncode == 1
    assert "under lock: at" in wrong.stdout


def checked(url: str, heads: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chassis.audit_log", "escrow"],
        env=os.environ | {"HOLDFAST_DATABASE_URL": url},
        input=heads,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
