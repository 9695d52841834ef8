"""The heads of every service's audit log: kept, put under lock once, and compared."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import asyncpg
import pytest
from chassis.ops.telemetry import AUDIT_FAULTS
from chassis.storage.database import connect
from contracts import handlers, store
from contracts.handlers.audit_head import (
    EVERY_LOG,
    LOCK,
    REVIEW,
    REVIEW_EVERY,
    WAITED,
    WHILE_RED,
)
from contracts_builders import NOON, MemoryArchive, a_harness
from contracts_schema.events.audit import AuditHeadRecorded, EarlierHead
from contracts_schema.terms import sha256_hex
from contracts_work import AFTER_LEASE, work_until_killed
from holdfast.testbed import as_superuser

HOUR = timedelta(hours=1)
OTHER_HASH = sha256_hex(b"another log")


def told(service: str, hour: int, **changes: object) -> AuditHeadRecorded:
    """What a service whose log grows by ten entries an hour tells of it, hour by hour."""
    follows = None
    if hour:
        earlier = told(service, hour - 1)
        follows = EarlierHead(at=earlier.at, entries=earlier.entries, hash=earlier.hash)
    values = {
        "service": service,
        "at": NOON + hour * HOUR,
        "entries": 10 * hour,
        "hash": sha256_hex(f"{service} {hour}".encode()),
        "follows": follows,
    }
    return AuditHeadRecorded.model_validate(values | changes)


async def hear(harness, *events: AuditHeadRecorded) -> None:
    for event in events:
        await harness.database.run(lambda tx, it=event: handlers.audit_head.keep(tx, it))


async def keep(harness, *events: AuditHeadRecorded) -> None:
    """Hear them one after the other, each under lock before the next."""
    for event in events:
        await hear(harness, event)
        await harness.due()


async def settle(harness) -> None:
    """Let time pass until all that was heard is under lock."""
    for _ in range(60):
        await harness.due()
        if not await unlocked(harness):
            return
        harness.clock.advance(timedelta(minutes=11))


async def faults(harness) -> list[str]:
    rows = await harness.database.rows("SELECT fault FROM kept_heads ORDER BY service, at")
    return [row["fault"] for row in rows]


async def unlocked(harness) -> int:
    return await harness.database.value("SELECT count(*) FROM kept_heads WHERE kept_at IS NULL")


def alarms() -> float:
    return sum(
        sample.value
        for metric in AUDIT_FAULTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels == {"check": "heads"}
    )


async def review(harness) -> timedelta:
    """Review now; how long until the next time."""
    due = "UPDATE timers SET due_at = $1 WHERE kind = $2"
    await harness.database.pool.execute(due, harness.clock.now(), REVIEW)
    await harness.due()
    due_at = await harness.database.value("SELECT due_at FROM timers WHERE kind = $1", REVIEW)
    return due_at - harness.clock.now()


@pytest.fixture
async def superuser(database, database_url, postgres_url):
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO contracts")
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


async def test_a_head_is_kept_and_lies_under_lock_for_seven_years(
    database, archive, past_the_archive, fresh
):
    harness = a_harness(database, archive)
    await hear(harness, told(fresh, 0))
    await harness.due()

    assert (await faults(harness), await unlocked(harness)) == ([""], 0)
    head = await store.audit_head.find(database, fresh, NOON)
    assert await archive.names(f"audit/{fresh}/") == [head.key]
    assert "COMPLIANCE" in past_the_archive("GET", f"/{head.key}?retention").text
    version = past_the_archive("HEAD", f"/{head.key}").headers["x-amz-version-id"]
    assert past_the_archive("DELETE", f"/{head.key}?versionId={version}").status_code == 403
    assert await archive.read(head.key, sha256_hex(head.document())) == head.document()


async def test_whatever_is_told_again_is_kept_once(database, database_url, archive, clock, fresh):
    harness = a_harness(database, archive)
    async with connect(database_url, clock, "contracts") as other:
        second = a_harness(other, archive)
        events = [told(fresh, hour) for hour in range(3)]
        await asyncio.gather(
            hear(harness, *events), hear(second, *reversed(events)), hear(harness, *events)
        )
        for _ in range(4):
            await asyncio.gather(harness.due(), second.due())
            clock.advance(timedelta(minutes=11))
            await hear(second, *events)

    assert (await faults(harness), await unlocked(harness)) == ([""] * 3, 0)
    assert len(await archive.names(f"audit/{fresh}/")) == 3
    assert await database.value("SELECT count(*) FROM timers WHERE kind = $1", LOCK) == 0


def run(bucket, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A program that is given this bucket."""
    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOLDFAST_S3_ENDPOINT": bucket.endpoint,
        "HOLDFAST_S3_BUCKET": bucket.name,
        "HOLDFAST_S3_ACCESS_KEY": bucket.access_key,
        "HOLDFAST_S3_SECRET_KEY": bucket.secret_key,
    }
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | environment | more,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_operators_can_read_all_heads_that_lie_under_lock(database, archive, fresh):
    harness = a_harness(database, archive)
    await keep(harness, *(told(fresh, hour) for hour in range(25)))

    printed = run(archive.bucket, "-m", "contracts.locked_heads", fresh)

    assert printed.returncode == 0, printed.stderr
    heads = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [(it["service"], it["entries"]) for it in heads] == [
        (fresh, 10 * it) for it in range(25)
    ]
    nowhere = run(archive.bucket, "-m", "contracts.locked_heads", HOLDFAST_S3_BUCKET="no-such")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")


@pytest.mark.fault("P1")
@pytest.mark.parametrize(
    "point", ["contracts.audit_head.locked", "timers.before_done.audit_head.lock"]
)
async def test_a_process_that_is_killed_keeps_each_head_once(
    database, database_url, archive, fresh, point
):
    harness = a_harness(database, archive)
    await hear(harness, told(fresh, 0))

    killed = work_until_killed(database_url, archive.bucket, point)
    assert killed.returncode == -9, killed.stderr
    harness.clock.advance(AFTER_LEASE)
    await harness.due()

    assert (await faults(harness), await unlocked(harness)) == ([""], 0)
    assert len(await archive.names(f"audit/{fresh}/")) == 1


async def test_heads_that_come_in_another_order_are_right(harness):
    await hear(harness, told("escrow", 2), told("escrow", 1))
    await harness.due()
    assert await unlocked(harness) == 2

    await hear(harness, told("escrow", 0))
    await settle(harness)

    assert (await faults(harness), await unlocked(harness)) == (["", "", ""], 0)


async def test_an_archive_that_is_away_for_a_day_is_no_fault(database):
    archive = MemoryArchive(away=True)
    harness = a_harness(database, archive)
    for hour in range(24):
        await hear(harness, told("escrow", hour))
        await harness.due(1)
        harness.clock.advance(HOUR)
    assert await unlocked(harness) == 24

    archive.away = False
    await settle(harness)

    assert (await faults(harness), await unlocked(harness)) == ([""] * 24, 0)
    assert len([key for key in archive.objects if key.startswith("audit/escrow/")]) == 24


def rewritten(hour: int, **changes: object) -> AuditHeadRecorded:
    earlier = told("escrow", hour - 1)
    values = {"at": earlier.at, "entries": earlier.entries, "hash": earlier.hash} | changes
    return told("escrow", hour, follows=values)


STORIES = {
    "an entry was changed and all linked anew": rewritten(3, hash=OTHER_HASH),
    "the end was cut off": rewritten(3, hash=None),
    "the end was cut off, and the recorded head too": rewritten(3, entries=15),
    "the log was emptied, and its heads too": told("escrow", 3, follows=None),
    "an older copy goes on": told("escrow", 3, follows=told("escrow", 1).follows),
    "there are less entries than there were": told("escrow", 3, entries=3),
}


@pytest.mark.abuse("K5")
@pytest.mark.parametrize("event", STORIES.values(), ids=STORIES.keys())
async def test_a_log_that_is_another_one_now_raises_the_alarm_within_the_hour(harness, event):
    await keep(harness, *(told("escrow", hour) for hour in range(3)))
    before = alarms()

    await hear(harness, event)
    await harness.due()

    assert alarms() == before + 1
    assert [bool(fault) for fault in await faults(harness)] == [False, False, False, True]
    await hear(harness, event)
    await harness.due()
    assert alarms() == before + 1


@pytest.mark.abuse("K5")
async def test_a_head_that_follows_one_nobody_told_raises_the_alarm_when_none_came(harness):
    await hear(harness, told("escrow", 0), told("escrow", 2))
    await harness.due()
    before = alarms()
    await settle(harness)

    assert harness.clock.now() >= NOON + WAITED
    assert alarms() == before + 1
    assert (await faults(harness))[1].endswith("follows a head that is not known here")


@pytest.mark.abuse("K5")
async def test_who_also_rewrites_what_is_kept_here_meets_the_locked_copy(
    database, archive, superuser, fresh
):
    harness = a_harness(database, archive)
    await keep(harness, told(fresh, 0), told(fresh, 1))

    await superuser.execute(
        "UPDATE kept_heads SET hash = $1 WHERE service = $2 AND at = $3",
        OTHER_HASH,
        fresh,
        NOON + HOUR,
    )
    follows = {"at": NOON + HOUR, "entries": 10, "hash": OTHER_HASH}
    await hear(harness, told(fresh, 2, follows=follows))
    await harness.due()

    assert "is not what was stored" in (await faults(harness))[2]


@pytest.mark.abuse("K5")
async def test_who_removes_what_is_kept_here_is_found_out_by_the_review(
    database, archive, superuser, fresh
):
    harness = a_harness(database, archive)
    await keep(harness, *(told(fresh, hour) for hour in range(3)))
    before = alarms()
    assert await review(harness) == REVIEW_EVERY
    assert alarms() == before

    gone = await superuser.fetchval(
        "DELETE FROM kept_heads WHERE service = $1 AND at = $2 RETURNING at", fresh, NOON + HOUR
    )

    assert gone is not None
    assert await review(harness) == WHILE_RED
    assert alarms() == before + 1


@pytest.mark.abuse("K5")
async def test_what_was_found_is_told_again_every_hour_of_a_week(harness):
    await keep(harness, told("escrow", 0), rewritten(1, hash=OTHER_HASH))
    before = alarms()

    assert await review(harness) == WHILE_RED
    assert alarms() == before + 1
    harness.clock.advance(timedelta(days=8))
    assert await review(harness) == REVIEW_EVERY
    assert alarms() == before + 1


async def test_a_service_that_falls_silent_raises_the_alarm_and_one_outage_of_all_does_not(harness):
    for hour in range(3):
        await hear(harness, told("contracts", hour), told("escrow", hour))
        harness.clock.advance(HOUR)
        await harness.due()
    before = alarms()
    harness.clock.advance(timedelta(hours=9))
    assert await review(harness) == REVIEW_EVERY
    assert alarms() == before

    for hour in range(3, 6):
        await hear(harness, told("contracts", hour))
        await harness.due()
    assert await review(harness) == WHILE_RED
    assert alarms() == before + 1


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM kept_heads",
        "TRUNCATE kept_heads",
        "UPDATE kept_heads SET hash = ''",
        "UPDATE kept_heads SET entries = 0",
    ],
)
@pytest.mark.abuse("K5", "B4")
async def test_not_even_the_owner_of_the_table_changes_what_was_told(harness, superuser, sql):
    await hear(harness, told("escrow", 0))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await harness.database.pool.execute(sql)

    await superuser.execute("SET session_replication_role = origin")
    await superuser.execute("SET ROLE contracts_owner")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await superuser.execute(sql)


async def test_a_list_of_the_archive_goes_on_where_it_was_cut(archive, fresh):
    at = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
    keys = [f"audit/{fresh}/{number:04}.json" for number in range(12)]
    await asyncio.gather(*(archive.keep(key, b"{}", "application/json", at) for key in keys))

    assert await archive.names(f"audit/{fresh}/") == keys
    assert await archive.names(f"audit/{fresh}/", after=keys[9]) == keys[10:]
    assert await archive.names(f"audit/{fresh}/none/") == []


async def test_the_review_is_due_from_the_first_day_on(harness):
    timers = await harness.database.rows("SELECT kind, subject_id FROM timers")

    assert [tuple(row) for row in timers] == [(REVIEW, EVERY_LOG)]
