"""One of several processes holds the session with Discord; another takes over, and none doubles."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from chassis.storage import leases
from contracts_schema.commands.discord import Target
from gateway_builders import a_card, a_delivery
from gateway_harness import Harness, free_port
from gateway_process import KILLED, process

pytestmark = pytest.mark.slow
CARDS = 8


@dataclass
class Two:
    """The process that holds the session, and the one that stands by."""

    harness: Harness
    holder: asyncio.subprocess.Process
    standby: asyncio.subprocess.Process
    port: int
    """Of the one that stands by."""

    async def word(self) -> str:
        """What the one that stands by says of itself."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{self.port}/ready")
        return str(answer.json()["status"])

    async def taken_over(self) -> None:
        """Wait until the one that stood by has the session."""
        await self.harness.until(self._is_ready, 30)

    async def _is_ready(self) -> bool:
        return await self.word() == "ready"

    async def lease(self) -> list[Any]:
        """Who has the lease, by the database."""
        connection = await asyncpg.connect(self.harness.settings.database_url.get_secret_value())
        try:
            return list(await connection.fetch("SELECT holder, until > now() FROM leases"))
        finally:
            await connection.close()

    async def cards(self, word: str) -> None:
        """Order so many cards at once, each of its own."""
        to_ada = Target(kind="direct", discord_user_id=self.harness.people["ada"]["id"])
        for number in range(CARDS):
            card = a_card(title=f"{word} {number}")
            await self.harness.deliver(a_delivery(to_ada, card))

    async def shown(self, word: str) -> list[str]:
        """The titles that ada sees, once every one of them is there."""
        titles = list[str]()

        async def all_there() -> bool:
            told = await self.harness.inbox("ada", wait=0, contains=f"{word} ")
            titles[:] = sorted(line for m in told for line in m["text"].split("\n") if word in line)
            return len({title.strip("#* ") for title in titles}) == CARDS

        await self.harness.until(all_there, 60)
        return titles


@asynccontextmanager
async def two(harness: Harness, folder: Path) -> AsyncIterator[Two]:
    port = free_port()
    async with process(harness, folder) as holder, process(harness, folder, port=port) as standby:
        yield Two(harness, holder, standby, port)


async def requests(harness: Harness) -> int:
    return sum((await harness.get("/stats"))["requests"].values())


def test_another_takes_over_within_ten_seconds():
    gone = leases.LASTS.total_seconds() + leases.ASKED_FOR_EVERY_S

    assert gone + leases.ASKED_WITHIN_S < 7  # and a login and a session take two


async def test_one_stands_by_without_a_session_while_the_other_works(
    harness: Harness, tmp_path: Path
):
    async with two(harness, tmp_path) as both:
        before = await both.word()
        await both.cards("First")
        shown = await both.shown("First")
        stats = await harness.get("/stats")

    assert before == "standby"
    assert len(shown) == CARDS
    assert stats["gateway"]["identifies"] == 1


@pytest.mark.fault("P4")
async def test_after_a_kill_the_other_takes_over_and_nothing_is_lost_or_doubled(
    harness: Harness, tmp_path: Path
):
    async with two(harness, tmp_path) as both:
        await both.cards("Before")
        both.holder.kill()
        killed = time.monotonic()
        await both.cards("After")
        assert await both.holder.wait() == KILLED
        await both.taken_over()
        print(f"taken over after {time.monotonic() - killed:.1f} s")
        before, after = await both.shown("Before"), await both.shown("After")
        typed = await harness.type("ada", "link", "acknowledged")
        await harness.take("identity.commands")
        nothing = await harness.nothing_on("identity.commands")
        stats = await harness.get("/stats")

    assert (len(before), len(after)) == (CARDS, CARDS)
    assert typed["state"] == "acknowledged"
    assert nothing
    assert stats["double_answers"] == 0


async def test_who_is_told_to_stop_hands_over_at_once(harness: Harness, tmp_path: Path):
    async with two(harness, tmp_path) as both:
        [(first, _)] = await both.lease()
        await both.cards("Before")
        both.holder.terminate()
        assert await asyncio.wait_for(both.holder.wait(), 30) in (0, -signal.SIGTERM)
        left = await both.lease()
        await both.taken_over()
        shown = await both.shown("Before")

    assert first not in [holder for holder, _ in left]
    assert len(shown) == CARDS


@pytest.mark.parametrize("press", ["cards", "an interaction"])
async def test_one_that_was_paused_until_another_took_over_sends_nothing_more(
    harness: Harness, tmp_path: Path, press: str
):
    async with two(harness, tmp_path) as both:
        both.holder.send_signal(signal.SIGSTOP)
        await both.cards("Meanwhile")  # the broker gave the paused one its part of them
        await both.taken_over()
        if press == "an interaction":  # Discord tells both sessions of it
            typed = await harness.type("ada", "link", "acknowledged")
            assert typed["state"] == "acknowledged"
        sent = await requests(harness)
        both.holder.send_signal(signal.SIGCONT)
        code = await asyncio.wait_for(both.holder.wait(), 30)
        shown = await both.shown("Meanwhile")
        stats = await harness.get("/stats")
        if press == "an interaction":
            await harness.take("identity.commands")
            assert await harness.nothing_on("identity.commands")

    assert code == leases.LOST_EXIT
    assert len(shown) == CARDS
    assert stats["double_answers"] == 0
    assert sum(stats["requests"].values()) <= sent + 2 * CARDS  # a channel and a message a card
