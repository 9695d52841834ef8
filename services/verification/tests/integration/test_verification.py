"""Questions and their answers, on a real database and a Roblox that runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chassis.messaging.consumers import TooEarly
from contracts_schema.events.escrow import Cancelled
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import new_id
from verification import handlers, store
from verification.domain.watch import Outcome, Watch
from verification_builders import (
    BUYER,
    GAME,
    STRANGER,
    a_delivered_watch,
    a_question,
    a_timer,
    ask_and_answer,
    due,
    topics,
)


async def test_the_owner_is_verified_and_a_snapshot_is_stored(db, games, traders):
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)

    found = await store.verification.find(db, question.verification_id)
    assert (found.status, found.ownership) == ("VERIFIED", "OWNER")
    snapshot = await store.snapshot.find(db, found.snapshot_id)
    assert snapshot.name == "Tower"
    assert await topics(db) == [
        "verification.snapshot_taken.v1",
        "verification.asset_verified.v1",
    ]


async def test_who_does_not_own_it_is_rejected_with_a_reason(db, games, traders):
    question = a_question(traders[1])

    await ask_and_answer(db, games, question)

    found = await store.verification.find(db, question.verification_id)
    assert (found.status, found.reason_code) == ("FAILED", "not_owner")
    assert "verification.asset_rejected.v1" in await topics(db)


async def test_roblox_being_down_is_unknown_and_never_not_the_owner(
    db, games, traders, world, clock
):
    await world.outage(True)
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)
    assert (await store.verification.find(db, question.verification_id)).status == "PENDING"

    await world.outage(False)
    clock.advance(timedelta(seconds=2))
    await due(games).once(db)

    assert (await store.verification.find(db, question.verification_id)).status == "VERIFIED"


async def test_the_same_question_twice_is_answered_once(db, games, traders):
    question = a_question(traders[0])

    await ask_and_answer(db, games, question)
    await ask_and_answer(db, games, question)

    assert (await topics(db)).count("verification.asset_verified.v1") == 1


async def test_an_account_that_is_not_linked_is_rejected_after_some_patience(db, games, clock):
    question = a_question(new_id("usr"))
    await ask_and_answer(db, games, question)
    assert (await store.verification.find(db, question.verification_id)).status == "PENDING"

    for wait in (2, 6, 31):
        clock.advance(timedelta(seconds=wait))
        await due(games).once(db)

    found = await store.verification.find(db, question.verification_id)
    assert (found.status, found.reason_code) == ("FAILED", "no_linked_account")


async def test_a_cached_answer_counts_for_24_hours(db, games, traders, clock):
    await ask_and_answer(db, games, a_question(traders[0]))

    assert await store.verification.cached(db, traders[0], DEFAULT_KIND, str(GAME)) is not None
    clock.advance(timedelta(hours=24, seconds=1))
    assert await store.verification.cached(db, traders[0], DEFAULT_KIND, str(GAME)) is None


async def test_a_handover_is_proven_on_both_sides(db, games, traders, world, clock):
    escrow_id = await a_delivered_watch(db, traders)
    jobs = due(games)

    await jobs.once(db)
    assert "verification.ownership_transferred.v1" not in await topics(db)

    await world.hand_over(BUYER)
    clock.advance(timedelta(seconds=3))
    await jobs.once(db)

    assert (await topics(db)).count("verification.ownership_transferred.v1") == 1
    assert (await store.watch.find(db, escrow_id)).state == "PROVEN"
    clock.advance(timedelta(days=1))
    assert await jobs.once(db) == 0


async def test_a_game_that_went_to_a_stranger_is_lost_after_two_looks(
    db, games, traders, world, clock
):
    escrow_id = await a_delivered_watch(db, traders)
    await world.hand_over(STRANGER)
    jobs = due(games)

    await jobs.once(db)
    assert await topics(db) == []
    clock.advance(timedelta(seconds=3))
    await jobs.once(db)

    assert await topics(db) == ["verification.ownership_lost.v1"]
    assert (await store.watch.find(db, escrow_id)).state == "LOST"


async def test_an_outage_while_watching_proves_nothing(db, games, traders, world, clock):
    await a_delivered_watch(db, traders)
    await world.hand_over(BUYER)
    await world.outage(True)
    jobs = due(games)
    await jobs.once(db)
    assert await topics(db) == []

    await world.outage(False)
    clock.advance(timedelta(seconds=2))
    await jobs.once(db)

    assert await topics(db) == ["verification.ownership_transferred.v1"]


async def test_a_late_funding_event_does_not_turn_a_delivered_watch_back(db, traders):
    escrow_id = await a_delivered_watch(db, traders)
    async with db.transaction() as tx:
        await handlers.watch.begin(
            tx, Watch(escrow_id, new_id("ofr"), str(GAME), *traders, "FUNDED", until=tx.now())
        )

    assert (await store.watch.find(db, escrow_id)).state == "DELIVERED"


async def test_a_watch_ends_with_the_deal(db, games, traders):
    escrow_id = await a_delivered_watch(db, traders)
    parties = {"seller_id": traders[0], "buyer_id": traders[1], "title": "Tower"}
    ids = {"escrow_id": escrow_id, "deal_id": new_id("ofr"), "listing_id": new_id("lst")}
    ended = Cancelled(**ids, **parties, reason_code="refunded")
    async with db.transaction() as tx:
        await handlers.watch.end(tx, ended)

    assert await due(games).once(db) == 0


async def test_a_party_that_is_not_known_yet_is_waited_for(db, games):
    escrow_id = await a_delivered_watch(db, (new_id("usr"), new_id("usr")))

    with pytest.raises(TooEarly):
        await handlers.watch.look(db, a_timer(escrow_id), providers={DEFAULT_KIND: games})


async def test_a_delivery_during_a_look_is_looked_at_at_once(db, games, traders, clock):
    escrow_id, deal_id = new_id("esc"), new_id("ofr")
    until = clock.now() + timedelta(days=7)
    funded = Watch(escrow_id, deal_id, str(GAME), *traders, "FUNDED", until=until)
    async with db.transaction() as tx:
        await handlers.watch.begin(tx, funded)
    seen_before = await store.watch.find(db, escrow_id)
    async with db.transaction() as tx:
        await handlers.watch.begin(tx, replace(funded, state="DELIVERED"))

    async with db.transaction() as tx:
        await handlers.watch.note(tx, seen_before, Outcome.NOT_YET)

    due_at = await db.value("SELECT due_at FROM timers WHERE subject_id = $1", escrow_id)
    assert due_at == clock.now()
