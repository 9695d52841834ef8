"""Who is in a guild: asked for by the gateway and over REST, by whom it may be known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from discord_harness import TOKEN, Harness, a_line, listening, running

pytestmark = pytest.mark.asyncio
QUERY = "?v=10&encoding=json"
GUILDS, MEMBERS = 1, 2
EVERYONE = {"ada", "bob", "guild-owner"}


@pytest.fixture
async def privileged() -> AsyncIterator[Harness]:
    async with running(privileged_intents=MEMBERS) as made:
        yield made


async def asked(line: Any, harness: Harness, **about: Any) -> dict[str, Any]:
    await line.send_json({"op": 8, "d": {"guild_id": harness.guild, **about}})
    told = await line.receive_json(timeout=5)
    assert told["t"] == "GUILD_MEMBERS_CHUNK"
    return dict(told["d"])


def names(members: list[dict[str, Any]]) -> set[str]:
    return {one["user"]["username"] for one in members if not one["user"]["bot"]}


async def test_all_members_are_told_to_whom_may_know(privileged: Harness) -> None:
    async with a_line(privileged, GUILDS | MEMBERS) as line:
        told = await asked(line, privileged, query="", limit=0, nonce="n1")

    assert names(told["members"]) == EVERYONE
    assert len(told["members"]) == len(EVERYONE) + 1, "the bot is one of them"
    assert (told["chunk_index"], told["chunk_count"], told["nonce"]) == (0, 1, "n1")
    assert "not_found" not in told


async def test_members_are_told_by_name_and_by_id(privileged: Harness) -> None:
    async with a_line(privileged, GUILDS | MEMBERS) as line:
        everyone = (await asked(line, privileged, query="", limit=0))["members"]
        ada = next(one["user"]["id"] for one in everyone if one["user"]["username"] == "ada")
        by_name = await asked(line, privileged, query="bo", limit=5)
        by_id = await asked(line, privileged, user_ids=[ada, "1"])

    assert names(by_name["members"]) == {"bob"}
    assert names(by_id["members"]) == {"ada"}
    assert by_id["not_found"] == ["1"]


async def test_without_the_intent_asking_for_all_members_ends_the_line(
    privileged: Harness,
) -> None:
    async with a_line(privileged, GUILDS) as line:
        told = await asked(line, privileged, query="ad", limit=1)
        await line.send_json(
            {"op": 8, "d": {"guild_id": privileged.guild, "query": "", "limit": 0}}
        )
        closing = await line.receive(timeout=5)

    assert names(told["members"]) == {"ada"}
    assert closing.data == 4014


async def test_members_are_listed_and_searched_over_rest(privileged: Harness) -> None:
    path = f"/guilds/{privileged.guild}/members"

    listed = (await privileged.rest("GET", path, params={"limit": 1000})).json()
    first = listed[0]["user"]["id"]
    rest = (await privileged.rest("GET", path, params={"limit": 1000, "after": first})).json()
    found = await privileged.rest("GET", f"{path}/search", params={"query": "ad", "limit": 5})
    wrong = [
        (await privileged.rest("GET", path, params={"limit": limit})).status_code
        for limit in ("0", "1001", "x")
    ]

    assert names(listed) == EVERYONE
    assert rest == listed[1:]
    assert names(found.json()) == {"ada"}
    assert wrong == [400, 400, 400]


async def test_an_application_without_the_privilege_lists_no_members(harness: Harness) -> None:
    answer = await harness.rest("GET", f"/guilds/{harness.guild}/members")

    assert (answer.status_code, answer.json()["code"]) == (403, 50001)


async def test_discord_py_knows_the_members_of_its_guild(privileged: Harness) -> None:
    """The client asks by itself when it starts, and waits for the answer."""
    async with listening(privileged, members=True) as client:
        guild = client.get_guild(int(privileged.guild))
        assert guild is not None
        assert {one.name for one in guild.members if not one.bot} == EVERYONE
        fetched = [one.name async for one in guild.fetch_members(limit=None) if not one.bot]
        assert set(fetched) == EVERYONE


async def test_a_session_that_may_resume_does_so_on_the_same_line(harness: Harness) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway{QUERY}") as line,
    ):
        await line.receive_json()
        await line.send_json({"op": 2, "d": {"token": TOKEN, "intents": GUILDS}})
        ready = await line.receive_json()
        seen = (await line.receive_json())["s"]
        await harness.act("/gateway", {"action": "invalidate_resumable"}, 200)
        assert await line.receive_json() == {"op": 9, "d": True}
        resume = {"token": TOKEN, "session_id": ready["d"]["session_id"], "seq": seen}
        await line.send_json({"op": 6, "d": resume})

        assert (await line.receive_json())["t"] == "RESUMED"
