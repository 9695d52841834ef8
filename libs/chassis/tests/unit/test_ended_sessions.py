"""A login that ended is refused soon after, by a list that stays small."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.http.ended_sessions import PATH, EndedSessions

GONE, LIVE = "ses_gone", "ses_live"


class Identity:
    """Answers as identity does, and counts how often it was asked."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.complete, self.away, self.asked = True, False, 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", PATH)
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("away")
        return httpx.Response(200, json={"complete": self.complete, "ended": self.ended})


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
async def http(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.MockTransport(identity.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://identity") as client:
        yield client


async def listed(ended: EndedSessions, session_id: str) -> None:
    async with asyncio.timeout(30):
        while await ended.has(session_id) is not True:
            await asyncio.sleep(0.01)


@pytest.mark.abuse("J4")
async def test_a_process_that_begins_knows_at_once_what_ended_before(identity, http):
    identity.ended = [GONE]
    ended = EndedSessions(http)

    assert await ended.has(GONE) is True
    assert await ended.has(LIVE) is False


async def test_requests_share_one_list(identity, http):
    ended = EndedSessions(http)

    assert await asyncio.gather(*(ended.has(LIVE) for _ in range(50))) == [False] * 50
    assert identity.asked == 1


@pytest.mark.abuse("J4")
async def test_what_ends_later_is_known_after_a_while(identity, http):
    ended = EndedSessions(http, refreshed_s=0.0, asked_again_s=0.0)
    assert await ended.has(GONE) is False
    identity.ended = [GONE]

    await listed(ended, GONE)
    identity.ended = []
    async with asyncio.timeout(30):
        while await ended.has(GONE):
            await asyncio.sleep(0.01)


async def test_a_list_that_is_too_old_is_waited_for(identity, http):
    ended = EndedSessions(http, refreshed_s=0.0, stale_s=0.0, asked_again_s=0.0)
    assert await ended.has(GONE) is False
    identity.ended = [GONE]

    assert await ended.has(GONE) is True


async def test_while_identity_is_away_the_last_list_counts(identity, http):
    identity.ended = [GONE]
    ended = EndedSessions(http, refreshed_s=0.0, stale_s=0.0, asked_again_s=0.0)
    assert await ended.has(GONE) is True
    identity.away = True

    assert await ended.has(GONE) is True
    assert await ended.has(LIVE) is False


async def test_without_any_list_nothing_is_certain(identity, http):
    identity.away = True
    ended = EndedSessions(http)

    assert await ended.has(LIVE) is None


async def test_of_a_list_that_is_cut_only_what_stands_on_it_is_certain(identity, http):
    identity.complete, identity.ended = False, [GONE]
    ended = EndedSessions(http)

    assert await ended.has(GONE) is True
    assert await ended.has(LIVE) is None
