"""Notifications and preferences over REST: one's own, page by page, and only as one saw them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from chassis_client import known
from contracts_schema.ids import new_id
from notifier.domain.notification import Notification
from notifier.store import notification
from notifier_driver import a_person, serving

LIST, READ, PREFERENCES = (
    "/v1/notifications",
    "/v1/notifications/read",
    "/v1/notification-preferences",
)
ROUTES = [("GET", LIST), ("POST", READ), ("GET", PREFERENCES), ("PUT", PREFERENCES)]
KEY = "0123456789"
YES, NO = {"direct_messages": True}, {"direct_messages": False}


@pytest.fixture
def person():
    return a_person()


@pytest.fixture
def other():
    return a_person()


@pytest.fixture
async def rest(db, database_url, clock, person, other):
    await known(db, person, other)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(serving(database_url, clock))


async def told(db, person, count: int = 1) -> list[str]:
    """Notifications of this person, at one moment; their ids, newest first as a page has them."""
    ids = [new_id("ntf") for _ in range(count)]
    async with db.transaction() as tx:
        said = (person.user_id, "funds_held.buyer", "Paid", "The money is held.")
        await notification.add(tx, [Notification(each, *said, tx.now()) for each in ids])
    return sorted(ids, reverse=True)


async def test_pages_hold_each_of_one_s_own_once_newest_first(rest, db, clock, person, other):
    old = await told(db, person, 3)
    await told(db, other, 2)
    clock.advance(timedelta(seconds=1))
    new = await told(db, person, 4)

    found = await rest.pages(f"{LIST}?limit=2", person)

    assert [it["notification_id"] for it in found] == new + old
    assert {it["read_at"] for it in found} == {None}
    assert found[0]["kind"] == "funds_held.buyer"
    assert (found[0]["title"], found[0]["body"]) == ("Paid", "The money is held.")


async def test_a_bad_query_is_refused(rest, person):
    for query in ("limit=0", "limit=101", "limit=x", "cursor=AAAA", "cursor=%00"):
        answer = await rest.ask("GET", f"{LIST}?{query}", person)

        assert answer.status_code == 422, query
        assert answer.json()["next_action"]


async def test_a_cursor_is_its_person_s_alone(rest, db, person, other):
    await told(db, person, 2)
    first = await rest.ask("GET", f"{LIST}?limit=1", person)

    answer = await rest.ask("GET", f"{LIST}?cursor={first.json()['next_cursor']}", other)

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_reading_marks_one_s_own_and_nobody_else_s(rest, db, clock, person, other):
    mine, theirs = await told(db, person, 2), await told(db, other)
    body = {"notification_ids": [mine[0], theirs[0], new_id("ntf")]}

    first, again = [await rest.ask("POST", READ, person, body) for _ in range(2)]

    assert (first.json(), again.json()) == ({"marked": 1}, {"marked": 0})
    seen = {it["notification_id"]: it["read_at"] for it in await rest.pages(LIST, person)}
    assert seen[mine[1]] is None
    assert seen[mine[0]] == clock.now().isoformat().replace("+00:00", "Z")
    assert [it["read_at"] for it in await rest.pages(LIST, other)] == [None]


async def test_the_same_key_is_one_reading_and_one_answer(rest, db, person):
    body = {"notification_ids": await told(db, person)}

    answers = [await rest.ask("POST", READ, person, body, idempotency_key=KEY) for _ in range(2)]

    assert [answer.json() for answer in answers] == [{"marked": 1}] * 2
    assert answers[1].headers["idempotency-replayed"] == "true"
    other = {"notification_ids": [new_id("ntf")]}
    reused = await rest.ask("POST", READ, person, other, idempotency_key=KEY)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


BAD_READINGS = [
    None,
    [],
    {},
    {"notification_ids": []},
    {"notification_ids": ["ntf_1"]},
    {"notification_ids": ["\x00"]},
    {"notification_ids": "ntf"},
    {"notification_ids": [None]},
    {"notification_ids": [new_id("ntf")] * 101},
    {"notification_ids": [new_id("ntf")], "user_id": new_id("usr")},
]


async def test_a_bad_reading_names_its_field(rest, person):
    for body in BAD_READINGS:
        answer = await rest.ask("POST", READ, person, body)

        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["pointer"].startswith("/body")


async def test_a_preference_is_read_as_it_was_written(rest, db, person, other):
    before = await rest.ask("GET", PREFERENCES, person)
    written = await rest.ask("PUT", PREFERENCES, person, NO, if_match=before.headers["etag"])
    after = await rest.ask("GET", PREFERENCES, person)

    assert (before.json(), before.headers["etag"]) == (YES | {"version": 0}, '"0"')
    assert (written.json(), written.headers["etag"]) == (NO | {"version": 1}, '"1"')
    assert (after.json(), after.headers["etag"]) == (written.json(), '"1"')
    assert (await rest.ask("GET", PREFERENCES, other)).json() == YES | {"version": 0}
    audited = await db.rows("SELECT actor, subject_id FROM audit_entries")
    assert [tuple(row) for row in audited] == [(person.user_id, person.user_id)]


async def test_who_saw_an_old_version_is_refused_and_changes_nothing(rest, db, person):
    await rest.ask("PUT", PREFERENCES, person, NO)

    answer = await rest.ask("PUT", PREFERENCES, person, YES, if_match='"0"')

    assert (answer.status_code, answer.json()["code"]) == (412, "version_moved")
    assert answer.json()["detail"] == "You saw version 0; it is at version 1 now."
    assert (await rest.ask("GET", PREFERENCES, person)).json() == NO | {"version": 1}
    assert await db.value("SELECT count(*) FROM audit_entries") == 1


@pytest.mark.parametrize("seen", [None, "*"])
async def test_who_names_no_version_writes_over_any(rest, person, seen):
    headers = {} if seen is None else {"if_match": seen}
    await rest.ask("PUT", PREFERENCES, person, NO)

    answer = await rest.ask("PUT", PREFERENCES, person, YES, **headers)

    assert (answer.status_code, answer.json()) == (200, YES | {"version": 2})


async def test_a_malformed_version_is_refused(rest, db, person):
    for seen in ("0", 'W/"0"', '"-1"', '"x"', '"' + "9" * 19 + '"', '""'):
        answer = await rest.ask("PUT", PREFERENCES, person, NO, if_match=seen)

        assert (answer.status_code, answer.json()["code"]) == (400, "if_match_malformed"), seen
    assert await db.value("SELECT count(*) FROM preferences") == 0


@pytest.mark.fault("X1")
@pytest.mark.parametrize("first_ever", [True, False])
async def test_of_two_writes_at_once_on_the_same_version_one_wins(rest, db, person, first_ever):
    for round_ in range(10):
        version = 0 if first_ever else round_ + 1
        if first_ever:
            await db.pool.execute("DELETE FROM preferences")
        elif not round_:
            await rest.ask("PUT", PREFERENCES, person, YES)
        barrier = asyncio.Barrier(3)

        async def write(version=version, barrier=barrier):
            await barrier.wait()
            return await rest.ask("PUT", PREFERENCES, person, NO, if_match=f'"{version}"')

        answers = await asyncio.gather(*(write() for _ in range(3)))

        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        assert await db.value("SELECT version FROM preferences") == version + 1
    assert await db.value("SELECT count(*) FROM audit_entries") == 10 + (not first_ever)


BAD_PREFERENCES = [
    None,
    {},
    {"direct_messages": None},
    {"direct_messages": "perhaps"},
    {"direct_messages": 2},
    {"direct_messages": []},
    {"direct_messages": True, "version": 7},
]


async def test_a_bad_preference_is_refused_and_changes_nothing(rest, db, person):
    for body in BAD_PREFERENCES:
        answer = await rest.ask("PUT", PREFERENCES, person, body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), body
        assert answer.json()["next_action"]
    assert await db.value("SELECT count(*) FROM preferences") == 0


async def test_nobody_sees_or_changes_anything_without_a_login(rest, db):
    bodies = {"POST": {"notification_ids": [new_id("ntf")]}, "PUT": NO}
    for method, path in ROUTES:
        for headers in ({}, {"Authorization": "Bearer not.a.token"}, {"Authorization": "Basic x"}):
            answer = await rest.client.request(
                method, path, json=bodies.get(method), headers=headers
            )

            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await db.value("SELECT count(*) FROM preferences") == 0


async def test_who_is_suspended_reads_on_and_changes_no_preference(rest, db):
    suspended = a_person(suspended=True)
    await known(db, suspended)
    ids = await told(db, suspended)

    assert len(await rest.pages(LIST, suspended)) == 1
    read = await rest.ask("POST", READ, suspended, {"notification_ids": ids})
    written = await rest.ask("PUT", PREFERENCES, suspended, NO)

    assert read.json() == {"marked": 1}
    assert (written.status_code, written.json()["code"]) == (403, "suspended")
    assert written.json()["next_action"]
    assert (await rest.ask("GET", PREFERENCES, suspended)).json() == YES | {"version": 0}
