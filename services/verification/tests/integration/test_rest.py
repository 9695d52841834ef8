"""Every route of verification: who may ask what, what is answered, and what is refused."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from chassis.clock import ManualClock
from chassis_client import SERVICES, known, secret_of
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import Purpose
from contracts_schema.ids import new_id
from verification import store
from verification_builders import BUYER, GAME, SELLER, a_question, ask_and_answer, topics
from verification_driver import SECRET, a_person, serving

ASK = "/v1/verifications"
BODY = {"asset_id": str(GAME)}
BAD_IDS = ["", "a", "-1", "1.0", "9" * 21, " 7", "7\n", "٣", "7\x00"]
"""No digits, too many of them, or digits of another script."""


@pytest.fixture
def seller():
    return a_person()


@pytest.fixture
def buyer():
    return a_person()


@pytest.fixture
async def rest(db, database_url, clock, games, seller, buyer):
    await known(db, seller, buyer)
    async with db.transaction() as tx:
        await store.account.set_account(tx, seller.user_id, "roblox", str(SELLER), 2)
        await store.account.set_account(tx, buyer.user_id, "roblox", str(BUYER), 2)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(serving(database_url, clock, games))


def games_of(person) -> str:
    return f"/v1/users/{person.user_id}/experiences"


def internal(person, **more) -> dict:
    return BODY | {"user_id": person.user_id, "purpose": "accept"} | more


async def test_the_owner_s_check_is_answered_with_a_snapshot(rest, db, clock, seller):
    made = await rest.ask("POST", ASK, seller, BODY)

    verdict = made.json()
    assert made.status_code == 201
    assert (verdict["status"], verdict["ownership"], verdict["asset_id"]) == (
        "VERIFIED", "OWNER", str(GAME),
    )  # fmt: skip
    assert datetime.fromisoformat(verdict["expires_at"]) == clock.now() + timedelta(days=1)
    read = await rest.ask("GET", f"{ASK}/{verdict['verification_id']}", seller)
    assert (read.status_code, read.json()) == (200, verdict)
    shown = await rest.ask("GET", f"/v1/assets/{GAME}/snapshots", seller)
    [snapshot] = shown.json()["data"]
    assert (snapshot["snapshot_id"], snapshot["sha256"], snapshot["name"]) == (
        verdict["snapshot_id"], verdict["snapshot_sha256"], "Tower",
    )  # fmt: skip
    assert await topics(db) == ["verification.snapshot_taken.v1", "verification.asset_verified.v1"]


async def test_who_does_not_own_it_is_told_so(rest, buyer):
    verdict = (await rest.ask("POST", ASK, buyer, BODY)).json()

    assert (verdict["status"], verdict["reason_code"]) == ("FAILED", "not_owner")
    assert verdict["ownership"] is None


async def test_a_proof_is_shown_as_expired_after_a_day(rest, clock, seller):
    made = (await rest.ask("POST", ASK, seller, BODY)).json()
    clock.advance(timedelta(days=1))

    read = await rest.ask("GET", f"{ASK}/{made['verification_id']}", seller)

    assert read.json() == made | {"status": "EXPIRED"}


async def test_a_game_that_does_not_exist_is_an_answer_whatever_its_number(rest, seller):
    for digits in ("0", "1" * 18, "9" * 19, "9" * 20):
        own = await rest.ask("POST", ASK, seller, {"asset_id": digits})
        asked = await rest.ask_as_service(internal(seller, asset_id=digits))
        snapshots = await rest.ask("GET", f"/v1/assets/{digits}/snapshots", seller)

        for answer in (own, asked):
            verdict = answer.json()
            assert (verdict["status"], verdict["reason_code"]) == ("FAILED", "asset_unknown")
        assert (snapshots.status_code, snapshots.json()) == (200, {"data": [], "next_cursor": None})


async def test_what_is_no_asset_id_is_refused_at_every_door(rest, db, seller):
    for asset_id in (*BAD_IDS, 777, None, ["7"], {}):
        own = await rest.ask("POST", ASK, seller, {"asset_id": asset_id})
        asked = await rest.ask_as_service(internal(seller, asset_id=asset_id))

        for answer in (own, asked):
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), asset_id
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["errors"][0]["pointer"] == "/body/asset_id"
    for asset_id in filter(None, BAD_IDS):
        path = f"/v1/assets/{quote(asset_id, safe='')}/snapshots"
        answer = await rest.ask("GET", path, seller)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), asset_id
    assert await db.value("SELECT count(*) FROM verifications") == 0


async def test_a_bad_question_is_refused_and_changes_nothing(rest, db, seller):
    for body in (None, [], {}, "777", BODY | {"user_id": new_id("usr")}):
        answer = await rest.ask("POST", ASK, seller, body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), body
        assert answer.json()["next_action"]
    assert await db.value("SELECT count(*) FROM verifications") == 0


async def test_what_is_no_id_of_a_check_is_refused(rest, seller):
    for name in ("ver_1", "usr_" + "0" * 26, "ver_" + "u" * 26, "%00"):
        assert (await rest.ask("GET", f"{ASK}/{name}", seller)).status_code == 422, name


async def test_a_check_is_its_owner_s_alone(rest, seller, buyer):
    made = (await rest.ask("POST", ASK, seller, BODY)).json()

    theirs = await rest.ask("GET", f"{ASK}/{made['verification_id']}", buyer)
    nobodys = await rest.ask("GET", f"{ASK}/{new_id('ver')}", buyer)

    for answer in (theirs, nobodys):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_nobody_asks_without_a_login(rest):
    for method, path in (
        ("POST", ASK),
        ("GET", f"{ASK}/{new_id('ver')}"),
        ("GET", f"/v1/users/{new_id('usr')}/experiences"),
        ("GET", f"/v1/assets/{GAME}/snapshots"),
    ):
        for headers in ({}, {"Authorization": "Bearer not.a.token"}, {"Authorization": "Basic x"}):
            answer = await rest.client.request(method, path, json=BODY, headers=headers)

            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path


async def test_who_may_not_trade_may_not_ask_for_a_proof(rest, db):
    refused = {a_person(Tier.TIER_0): "tier_too_low", a_person(suspended=True): "suspended"}
    await known(db, *refused)

    for person, code in refused.items():
        answer = await rest.ask("POST", ASK, person, BODY)

        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert answer.json()["next_action"]


async def test_who_linked_no_account_is_told_to(rest, db):
    person = a_person()
    await known(db, person)

    proof = await rest.ask("POST", ASK, person, BODY)
    games = await rest.ask("GET", games_of(person), person)
    asked = await rest.ask_as_service(internal(person))

    for answer in (proof, games, asked):
        assert (answer.status_code, answer.json()["code"]) == (409, "no_linked_account")
        assert "/link" in answer.json()["next_action"]


async def test_one_s_own_games_are_shown_and_nobody_else_s(rest, world, seller, buyer):
    mine = await rest.ask("GET", games_of(seller), seller)
    none = await rest.ask("GET", games_of(buyer), buyer)
    theirs = await rest.ask("GET", games_of(seller), buyer)
    malformed = await rest.ask("GET", "/v1/users/me/experiences", seller)

    game = {"kind": "GAME_OWNERSHIP", "asset_id": str(GAME), "name": "Tower"}
    assert mine.json() == {"data": [game]}
    assert none.json() == {"data": []}
    assert (theirs.status_code, malformed.status_code) == (404, 422)
    await world.group((BUYER, "Member", 1), owner=SELLER)
    assert (await rest.ask("GET", games_of(seller), seller)).json() == mine.json()
    assert (await rest.ask("GET", games_of(buyer), buyer)).json() == {"data": []}


@pytest.mark.parametrize("seconds", [None, 37])
async def test_a_roblox_that_is_away_is_a_refusal_that_may_be_tried_again(
    rest, db, world, seller, seconds
):
    if seconds is None:
        await world.outage(True)
    else:
        for host in ("games", "groups"):
            await world.busy(host, seconds)

    proof = await rest.ask("POST", ASK, seller, BODY)
    games = await rest.ask("GET", games_of(seller), seller)
    again = await rest.ask("POST", ASK, seller, BODY)

    for answer in (proof, games, again):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (503, "roblox_unavailable")
        assert problem["retryable"] is True
        assert answer.headers["retry-after"] == str(seconds or 5)
        assert f"{seconds or 5} seconds" in problem["next_action"]
    assert await topics(db) == []


async def test_a_game_that_vanished_is_unknown_and_not_refuted(rest, db, world, seller):
    await rest.ask("POST", ASK, seller, BODY)
    told = await topics(db)
    await world.vanish()

    own = await rest.ask("POST", ASK, seller, BODY)
    asked = await rest.ask_as_service(internal(seller, fresh=True))

    assert (own.status_code, own.json()["retryable"]) == (503, True)
    assert (asked.status_code, asked.json()["status"]) == (200, "UNKNOWN")
    assert await topics(db) == told


async def test_pages_hold_each_snapshot_once_newest_first(rest, db, games, clock, seller, buyer):
    for turn in range(5):
        clock.advance(timedelta(seconds=turn % 2))
        await ask_and_answer(db, games, a_question(seller.user_id))

    found = await rest.pages(f"/v1/assets/{GAME}/snapshots?limit=2", buyer)

    rows = await db.rows("SELECT snapshot_id FROM snapshots ORDER BY taken_at DESC, 1 DESC")
    assert [it["snapshot_id"] for it in found] == [row["snapshot_id"] for row in rows]
    assert len(found) == 5


async def test_a_cursor_belongs_to_its_asset(rest, db, games, seller):
    for _ in range(2):
        await ask_and_answer(db, games, a_question(seller.user_id))
    first = await rest.ask("GET", f"/v1/assets/{GAME}/snapshots?limit=1", seller)
    cursor = first.json()["next_cursor"]

    answer = await rest.ask("GET", f"/v1/assets/778/snapshots?cursor={cursor}", seller)

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_a_bad_query_is_refused(rest, seller):
    for query in ("limit=0", "limit=101", "limit=x", "cursor=AAAA", "cursor=%00"):
        answer = await rest.ask("GET", f"/v1/assets/{GAME}/snapshots?{query}", seller)

        assert answer.status_code == 422, query


@pytest.mark.abuse("J4")
@pytest.mark.parametrize("read", ["/v1/assets/{game}/snapshots", "/v1/users/{user}/experiences"])
async def test_a_suspended_person_reads_nothing_that_members_read(rest, db, read):
    suspended = a_person(suspended=True)
    await known(db, suspended)

    answer = await rest.ask("GET", read.format(game=GAME, user=suspended.user_id), suspended)

    assert (answer.status_code, answer.json()["code"]) == (403, "suspended")


async def test_snapshots_are_shown_on_a_leap_day_too(db, database_url, games, seller):
    leap_day = ManualClock(datetime(2028, 2, 29, tzinfo=UTC))
    async with serving(database_url, leap_day, games) as rest:
        answer = await rest.ask("GET", f"/v1/assets/{GAME}/snapshots", seller)

    assert answer.status_code == 200


@pytest.mark.abuse("B5")
async def test_only_a_service_asks_for_others(rest, db, seller):
    for secret in ("", "x", SECRET.upper(), "ü" * 32):
        headers = {"X-Service-Secret": secret.encode()}
        answer = await rest.client.post(
            "/internal/verifications", json=internal(seller), headers=headers
        )

        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), secret
    assert await db.value("SELECT count(*) FROM verifications") == 0


@pytest.mark.abuse("B5")
@pytest.mark.parametrize("asking", SERVICES)
async def test_listings_alone_asks_for_others(rest, db, seller, asking):
    answer = await rest.ask_as_service(internal(seller), secret_of(asking))

    if asking == "listings":
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "service_refused")
        assert await db.value("SELECT count(*) FROM verifications") == 0


async def test_a_service_takes_an_old_answer_unless_it_asks_for_a_fresh_one(
    rest, db, world, seller
):
    first = (await rest.ask_as_service(internal(seller))).json()
    await world.hand_over(BUYER)

    cached = (await rest.ask_as_service(internal(seller))).json()
    fresh = (await rest.ask_as_service(internal(seller, fresh=True, deal_id=new_id("ofr")))).json()

    assert cached == first
    assert (fresh["status"], fresh["reason_code"]) == ("FAILED", "not_owner")
    purposes = await db.rows("SELECT DISTINCT purpose FROM verifications")
    assert [row["purpose"] for row in purposes] == [Purpose.ACCEPT]


async def test_a_step_of_a_deal_that_asks_again_is_looked_up_again_and_told_once(
    rest, db, world, seller
):
    asked = internal(seller, fresh=True, deal_id=new_id("ofr"))
    first = (await rest.ask_as_service(asked)).json()
    again = (await rest.ask_as_service(asked)).json()
    told = await topics(db)
    await world.hand_over(BUYER)
    lost = (await rest.ask_as_service(asked)).json()

    assert (again["status"], again["snapshot_sha256"]) == ("VERIFIED", first["snapshot_sha256"])
    assert again["verification_id"] == first["verification_id"]
    assert told == ["verification.snapshot_taken.v1", "verification.asset_verified.v1"]
    assert (lost["status"], lost["reason_code"]) == ("FAILED", "not_owner")
    assert (await topics(db))[-1] == "verification.asset_rejected.v1"


async def test_a_service_is_told_unknown_while_roblox_is_away(rest, world, seller):
    await world.outage(True)

    answer = await rest.ask_as_service(internal(seller, fresh=True))

    assert (answer.status_code, answer.json()["status"]) == (200, "UNKNOWN")


async def test_a_bad_question_of_a_service_names_its_field(rest, db, seller):
    for field, value in (
        ("user_id", "usr_1"),
        ("user_id", None),
        ("purpose", "curiosity"),
        ("fresh", "perhaps"),
        ("deal_id", new_id("lst")),
        ("more", 1),
    ):
        answer = await rest.ask_as_service(internal(seller) | {field: value})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), field
        assert answer.json()["errors"][0]["pointer"] == f"/body/{field}"
    assert await db.value("SELECT count(*) FROM verifications") == 0
