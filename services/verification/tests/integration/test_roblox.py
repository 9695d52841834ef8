"""Roblox as it can be: groups that own games, outages, turns to wait for, games that are gone."""

import json
from datetime import timedelta

import httpx
import pytest
from chassis.cause import Cause
from chassis.clock import ManualClock
from verification import handlers, store
from verification.adapters.game_ownership import Roblox
from verification.domain.errors import ProviderUnavailable
from verification_builders import (
    BUYER,
    GAME,
    SELLER,
    STRANGER,
    a_delivered_watch,
    a_question,
    ask_and_answer,
    asking,
    due,
    topics,
)

LOST, PROVEN = "verification.ownership_lost.v1", "verification.ownership_transferred.v1"


async def later(db, games, clock, seconds: float) -> None:
    """So much time passes, and what is due then is done."""
    clock.advance(timedelta(seconds=seconds))
    await due(games).once(db)


async def answer_of(db, question) -> tuple[str, str | None, str]:
    found = await store.verification.find(db, question.verification_id)
    return found.status, found.ownership, found.reason_code


@pytest.mark.parametrize(
    ("role", "rank", "expected"),
    [
        ("Lead", 254, ("VERIFIED", "ADMIN", "")),
        ("Admin", 10, ("VERIFIED", "ADMIN", "")),
        ("Developer", 10, ("VERIFIED", "DEVELOPER", "")),
        ("Fan", 199, ("FAILED", None, "not_owner")),
    ],
)
async def test_a_group_s_game_counts_through_one_s_role(
    db, games, traders, world, role, rank, expected
):
    await world.group((SELLER, role, rank))
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)

    assert await answer_of(db, question) == expected


async def test_a_group_s_owner_owns_its_game_and_a_stranger_to_it_does_not(
    db, games, traders, world
):
    await world.group(owner=SELLER)
    seller, buyer = a_question(traders[0]), a_question(traders[1])

    await ask_and_answer(db, games, seller)
    await ask_and_answer(db, games, buyer)

    assert await answer_of(db, seller) == ("VERIFIED", "OWNER", "")
    assert await answer_of(db, buyer) == ("FAILED", None, "not_owner")


async def test_a_group_s_game_is_handed_over_by_a_role_in_the_group(
    db, games, traders, world, clock
):
    group_id = await world.group((SELLER, "Admin", 200))
    escrow_id = await a_delivered_watch(db, traders)
    members = f"/roblox/groups/{group_id}/members"

    await due(games).once(db)
    await world.control(members, {"user": BUYER, "role": "Admin", "rank": 200})
    await later(db, games, clock, 3)
    assert await topics(db) == []
    await world.http.delete(f"{world.base}/control{members}/{SELLER}")
    await later(db, games, clock, 6)

    assert (await store.watch.find(db, escrow_id)).state == "PROVEN"
    assert await topics(db) == [PROVEN]


@pytest.mark.parametrize("host", ["games", "groups"])
async def test_a_host_that_is_down_leaves_everything_unknown(
    db, games, traders, world, clock, host
):
    await world.group((SELLER, "Admin", 200))
    await world.control("/roblox/outage", {"on": True, "status": 500, "hosts": [host]})
    question = a_question(traders[0])
    escrow_id = await a_delivered_watch(db, traders)

    await ask_and_answer(db, games, question)
    for wait in (2, 6, 31, 121, 601):
        await later(db, games, clock, wait)
    assert (await answer_of(db, question))[0] == "PENDING"
    assert (await store.watch.find(db, escrow_id)).state == "DELIVERED"
    assert await topics(db) == []

    await world.outage(False)
    await later(db, games, clock, 601)
    assert (await answer_of(db, question))[0] == "VERIFIED"


async def test_a_picture_that_cannot_be_had_keeps_nobody_from_a_proof(db, games, traders, world):
    await world.control("/roblox/outage", {"on": True, "hosts": ["thumbnails"]})
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)

    found = await store.verification.find(db, question.verification_id)
    assert (await store.snapshot.find(db, found.snapshot_id)).thumbnail_url == ""


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("host", ["games", "groups"])
async def test_who_is_asked_to_wait_waits_at_least_that_long(
    db, games, traders, world, clock, host, status
):
    await world.group((SELLER, "Admin", 200))
    await world.busy(host, 40, status)
    question, other = a_question(traders[0]), a_question(traders[0])

    await ask_and_answer(db, games, question)
    await ask_and_answer(db, games, other)
    for wait in (2, 6, 31):
        await later(db, games, clock, wait)
        assert {(await answer_of(db, it))[0] for it in (question, other)} == {"PENDING"}
    await later(db, games, clock, 2)

    assert {(await answer_of(db, it))[0] for it in (question, other)} == {"VERIFIED"}


async def test_a_look_at_a_deal_waits_as_roblox_asks(db, games, traders, world, clock):
    escrow_id = await a_delivered_watch(db, traders)
    await world.hand_over(BUYER)
    await world.busy("games", 3600)

    await due(games).once(db)
    for wait in (2, 600, 2990):
        await later(db, games, clock, wait)
        assert await topics(db) == []
    await later(db, games, clock, 10)

    assert (await store.watch.find(db, escrow_id)).state == "PROVEN"


async def test_a_429_that_names_no_time_is_an_outage_like_any_other(world, clock):
    fault = {"party": "roblox", "kind": "status", "status": 429, "headers": {"Retry-After": "soon"}}
    await world.control("/faults", fault)
    async with httpx.AsyncClient() as http:
        games = Roblox(world.base + "/roblox/{host}", http, clock)
        with pytest.raises(ProviderUnavailable) as raised:
            await games.asset(str(GAME))
        assert raised.value.retry_after_s == 0
        assert (await games.asset(str(GAME))).name == "Tower"


UNSEEN_LOOKS = (2, 5, 15, 30, 60, 120, 300)
"""Seconds between looks at nothing; after them 532 of the 600 seconds are over."""


@pytest.mark.parametrize("state", ["FUNDED", "DELIVERED"])
async def test_a_game_that_vanished_is_lost_only_after_a_good_while(
    db, games, traders, world, clock, state
):
    escrow_id = await a_delivered_watch(db, traders, state)
    await world.vanish()

    await due(games).once(db)
    for wait in UNSEEN_LOOKS:
        await later(db, games, clock, wait)
        assert (await store.watch.find(db, escrow_id)).state == state
    assert (await store.watch.find(db, escrow_id)).unseen == len(UNSEEN_LOOKS) + 1
    await later(db, games, clock, 300)

    assert (await store.watch.find(db, escrow_id)).state == "LOST"
    assert await topics(db) == [LOST]
    assert await db.value("SELECT reason FROM audit_entries") == "vanished"


async def test_a_game_that_comes_back_begins_anew(db, games, traders, world, clock):
    escrow_id = await a_delivered_watch(db, traders)
    await world.vanish()
    await due(games).once(db)
    for wait in UNSEEN_LOOKS:
        await later(db, games, clock, wait)

    await world.reappear(SELLER)
    await later(db, games, clock, 300)
    await world.vanish()
    await later(db, games, clock, 300)
    watched = await store.watch.find(db, escrow_id)
    assert (watched.state, watched.unseen, watched.unseen_since) == ("DELIVERED", 1, clock.now())

    await world.reappear(BUYER)
    await later(db, games, clock, 300)
    assert await topics(db) == [PROVEN]


async def test_an_empty_answer_between_two_looks_at_a_stranger_is_no_news(
    db, games, traders, world, clock
):
    escrow_id = await a_delivered_watch(db, traders)
    await world.hand_over(STRANGER)
    await due(games).once(db)
    await world.vanish()
    await later(db, games, clock, 3)
    assert (await store.watch.find(db, escrow_id)).state == "DELIVERED"

    await world.reappear(STRANGER)
    await later(db, games, clock, 3)

    assert (await store.watch.find(db, escrow_id)).state == "LOST"
    assert await db.value("SELECT reason FROM audit_entries") == "owned_by_stranger"


async def test_few_looks_over_a_long_time_are_not_enough(db, games, traders, world, clock):
    escrow_id = await a_delivered_watch(db, traders)
    await world.vanish()
    await due(games).once(db)

    await later(db, games, clock, 3600)
    assert (await store.watch.find(db, escrow_id)).state == "DELIVERED"
    await later(db, games, clock, 6)

    assert (await store.watch.find(db, escrow_id)).state == "LOST"


async def test_a_game_that_was_never_seen_is_unknown_at_once(db, games, traders, world):
    await world.vanish()
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)

    assert await answer_of(db, question) == ("FAILED", None, "asset_unknown")


async def test_a_question_about_a_game_that_vanished_waits_and_is_answered_in_the_end(
    db, games, traders, world, clock
):
    await ask_and_answer(db, games, a_question(traders[0]))
    await world.vanish()
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)
    for wait in (2, 6, 31, 121):
        await later(db, games, clock, wait)
        assert (await answer_of(db, question))[0] == "PENDING"
    await later(db, games, clock, 601)

    assert await answer_of(db, question) == ("FAILED", None, "asset_unknown")


def _answering(**by_host) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        said = by_host[request.url.host.partition(".")[0]]
        return httpx.Response(200, content=json.dumps(said))

    return httpx.MockTransport(answer)


def a_game(**more) -> dict:
    return {"id": GAME, "name": "Tower", "creator": {"id": SELLER, "type": "User"}, **more}


@pytest.mark.parametrize(
    "games",
    [
        [],
        {"data": None},
        {"data": {}},
        {"data": ["x"]},
        {"data": [a_game(creator=None)]},
        {"data": [a_game(creator={"id": SELLER, "type": "Bot"})]},
        {"data": [a_game(id="x")]},
        {"data": [a_game(id=None)]},
        {"data": [a_game(creator={"id": float("inf"), "type": "User"}), {}]},
    ],
)
async def test_what_is_not_understood_is_unknown(games):
    async with httpx.AsyncClient(transport=_answering(games=games)) as http:
        with pytest.raises(ProviderUnavailable):
            await Roblox("http://{host}.test", http, ManualClock()).asset(str(GAME))


async def test_roles_that_are_not_understood_are_unknown():
    for data in ([{}], [None], [{"group": {"id": 1}, "role": {"rank": "x", "name": ""}}]):
        async with httpx.AsyncClient(transport=_answering(groups={"data": data})) as http:
            with pytest.raises(ProviderUnavailable):
                await Roblox("http://{host}.test", http, ManualClock()).group_role(str(SELLER), "1")


async def test_another_game_than_was_asked_for_is_not_taken_for_it():
    answers = _answering(games={"data": [a_game(id=778)]}, thumbnails={"data": []})
    async with httpx.AsyncClient(transport=answers) as http:
        assert await Roblox("http://{host}.test", http, ManualClock()).asset(str(GAME)) is None


async def test_text_that_no_database_holds_is_left_out(db, traders):
    nasty = a_game(name="T\x00ow\ud800er", description="\x00\udfff")
    answers = _answering(games={"data": [nasty]}, thumbnails={"data": [None, {"imageUrl": 7}]})
    question = a_question(traders[0])
    async with httpx.AsyncClient(transport=answers) as http:
        games = Roblox("http://{host}.test", http, ManualClock())
        found = await handlers.verification.answer(db, asking(games), question, Cause())

    assert (await store.snapshot.find(db, found.snapshot_id)).name == "Tower"
