"""One busy person, or one channel that Discord limits, holds up nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from contracts_schema.commands.discord import Deliver, Summary, Target
from gateway_builders import a_card, a_delivery
from gateway_harness import Harness

MANY = 250
LONG_S = 60.0


def to(harness: Harness, person: str) -> Target:
    return Target(kind="direct", discord_user_id=harness.people[person]["id"])


def in_channel(harness: Harness) -> Target:
    return Target(kind="channel", channel_id=harness.channel, guild_id=harness.guild)


async def flood(harness: Harness, target: Target, count: int) -> list[str]:
    """Order so many cards for one place, the first of them first; their ids."""
    cards = [a_delivery(target, a_card(title=f"Card {n:03}"), revision=n) for n in range(count)]
    await harness.deliver_all({uuid4(): card for card in cards})
    return [card.delivery_id for card in cards]


async def seen(harness: Harness, person: str) -> list[str]:
    """The titles of what a person sees, the oldest first."""
    messages = await harness.inbox(person, wait=0, limit=1000)
    return [message["text"].splitlines()[0].removeprefix("### ") for message in messages]


async def shown(harness: Harness, person: str, title: str) -> None:
    """Wait until the person sees a card of this title."""

    async def is_there() -> bool:
        return bool(await harness.inbox(person, wait=0, contains=title))

    await harness.until(is_there, LONG_S)


async def readiness(app: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        return await http.get("/ready")


async def taken(harness: Harness, count: int) -> None:
    """Wait until so many orders were taken from the queue."""

    async def all_taken() -> bool:
        rows = await harness.rows("SELECT count(*) AS taken FROM inbox")
        return rows[0]["taken"] >= count

    await harness.until(all_taken, LONG_S)


@pytest.mark.abuse("R2")
async def test_a_stranger_is_told_at_once_while_hundreds_of_cards_wait_for_somebody_else(harness):
    async with harness.gateway() as app:
        await flood(harness, to(harness, "ada"), MANY)
        await harness.deliver(a_delivery(to(harness, "bob"), a_card(title="For Bob")), "bob")
        await shown(harness, "bob", "For Bob")
        busy = await seen(harness, "ada")
        await taken(harness, MANY + 1)
        ready = await readiness(app)

    assert len(busy) < MANY / 2
    assert ready.status_code == 200, ready.text


@pytest.mark.abuse("R2")
async def test_who_is_known_is_told_at_once_while_hundreds_are_written_to_for_the_first_time(
    harness,
):
    async with harness.gateway() as app:
        first = a_delivery(to(harness, "bob"), a_card(title="Before"), card_key="deal:1")
        await harness.deliver(first, "bob")
        await shown(harness, "bob", "Before")
        for n in range(MANY):
            name = f"stranger{n}"
            harness.people[name] = await harness.act("/users", {"name": name, "locale": "fr"})
            await harness.deliver(a_delivery(to(harness, name)), name)
        await harness.deliver(a_delivery(to(harness, "bob"), a_card(title="For Bob")), "bob")
        await shown(harness, "bob", "For Bob")
        told = await harness.rows("SELECT count(*) AS told FROM deliveries")
        await taken(harness, MANY + 2)
        ready = await readiness(app)

    assert told[0]["told"] < MANY / 2
    assert ready.status_code == 200, ready.text


async def test_cards_of_one_recipient_are_shown_in_the_order_they_came(harness):
    async with harness.gateway():
        await flood(harness, to(harness, "ada"), 12)
        await shown(harness, "ada", "Card 011")
        titles = await seen(harness, "ada")
        left = await waiting(harness)

    assert titles == [f"Card {n:03}" for n in range(12)]
    assert left == 0


async def test_a_channel_that_discord_limits_holds_up_no_other(harness):
    async with harness.gateway() as app:
        async with limited(harness, harness.channel):
            await flood(harness, in_channel(harness), 30)
            await harness.deliver(a_delivery(to(harness, "bob"), a_card(title="For Bob")), "bob")
            await shown(harness, "bob", "For Bob")
            await taken(harness, 31)
            ready = await readiness(app)
            before = await seen(harness, "ada")
        await shown(harness, "ada", "Card 003")
        after = await seen(harness, "ada")

    assert ready.status_code == 200, ready.text
    assert before == []
    assert after == [f"Card {n:03}" for n in range(len(after))]


async def test_what_waits_is_shown_once_and_in_order_by_the_process_that_comes_next(harness):
    async with harness.gateway():
        asked = await flood(harness, to(harness, "ada"), 20)
        await shown(harness, "ada", "Card 002")
        await taken(harness, 20)
    async with harness.gateway():
        again = a_delivery(to(harness, "ada"), a_card(title="Card 019"), delivery_id=asked[19])
        await harness.deliver(again)
        await shown(harness, "ada", "Card 019")
        await nothing_waits(harness)
        titles = await seen(harness, "ada")

    assert titles == [f"Card {n:03}" for n in range(20)]


async def test_many_cards_of_one_kind_are_told_as_one_and_the_rest_one_by_one(harness):
    async with harness.gateway():
        async with limited(harness, "*"):
            await flood(harness, to(harness, "ada"), 6)
            many = [a_declined_offer(harness, n) for n in range(40)]
            await harness.deliver_all({uuid4(): card for card in many})
            last = a_delivery(to(harness, "ada"), a_card(title="Last"), revision=99)
            await harness.deliver(last)
            await taken(harness, 47)
        await nothing_waits(harness)
        messages = await harness.inbox("ada", wait=0)
        outcomes = await outcomes_of(harness, many)

    titles = [message["text"].splitlines()[0].removeprefix("### ") for message in messages]
    assert titles == [*(f"Card {n:03}" for n in range(6)), "Offers closed", "Last"]
    assert "**Offers**: 40" in messages[6]["text"]
    assert outcomes == ["summed_up"] * 40


async def test_a_summary_that_comes_again_is_the_same_and_what_is_few_is_told_one_by_one(harness):
    async with harness.gateway():
        async with limited(harness, "*"):
            await flood(harness, to(harness, "ada"), 1)
            few = [a_declined_offer(harness, n) for n in range(4)]
            await harness.deliver_all({uuid4(): card for card in (*few, *few)})
            await taken(harness, 9)
        await nothing_waits(harness)
        titles = await seen(harness, "ada")

    assert titles == ["Card 000", *["Closed"] * 4]


async def test_cards_that_a_summary_told_of_still_change_the_messages_that_stand(harness):
    async with harness.gateway():
        for n in range(5):
            standing = a_delivery(to(harness, "ada"), a_card(title="Open"), card_key=f"offer:{n}")
            await harness.deliver(standing)
        await nothing_waits(harness, 5)
        async with limited(harness, "*"):
            await flood(harness, to(harness, "ada"), 1)
            many = [a_declined_offer(harness, n) for n in range(5)]
            for card in many:
                await harness.deliver(card)
            await taken(harness, 11)
        outcomes = await outcomes_of(harness, many)
        titles = await seen(harness, "ada")

    assert outcomes == ["edited"] * 5
    assert titles == [*["Closed"] * 5, "Card 000", "Offers closed"]


@asynccontextmanager
async def limited(harness: Harness, channel: str) -> AsyncIterator[None]:
    """Discord takes no new message in the channel while the block runs."""
    fault = {
        "party": "discord",
        "kind": "status",
        "status": 429,
        "match": f"POST /api/v10/channels/{channel}/messages",
        "times": 1000,
    }
    await harness.act("/faults", fault, root="")
    yield
    await harness.http.delete("/control/faults")


def a_declined_offer(harness: Harness, number: int) -> Deliver:
    """One of many cards that tell the like."""
    summary = Summary(
        key="offer_closed:lst_1", card=a_card(title="Offers closed"), counted="Offers"
    )
    return a_delivery(
        to(harness, "ada"),
        a_card(title="Closed"),
        card_key=f"offer:{number}",
        summary=summary,
        revision=50,
    )


async def waiting(harness: Harness) -> int:
    rows = await harness.rows("SELECT count(*) AS waiting FROM waiting_deliveries")
    return int(rows[0]["waiting"])


async def nothing_waits(harness: Harness, made: int = 0) -> None:
    """Wait until so many cards were shown and none waits any more."""

    async def none() -> bool:
        rows = await harness.rows("SELECT count(*) AS made FROM deliveries")
        return rows[0]["made"] >= made and not await waiting(harness)

    await harness.until(none, LONG_S)


async def outcomes_of(harness: Harness, cards: list[Deliver]) -> list[str]:
    """What became of these cards, once it is known of all."""
    ids = [card.delivery_id for card in cards]
    found: list[str] = []

    async def all_known() -> bool:
        sql = "SELECT outcome FROM deliveries WHERE delivery_id = ANY($1)"
        found[:] = [row["outcome"] for row in await harness.rows(sql, ids)]
        return len(found) == len(ids)

    await harness.until(all_known, LONG_S)
    return found
