"""Rate limits: per bucket, for everything, and ordered ones, as discord.py meets them."""

from __future__ import annotations

import pytest
from discord_harness import Harness, running
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio


async def test_the_sixth_message_within_five_seconds_is_limited(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"

    answers = [await harness.rest("POST", path, json={"content": str(n)}) for n in range(6)]

    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert [a.headers["X-RateLimit-Remaining"] for a in answers[:5]] == list("43210")
    refused = answers[5]
    assert 0 < refused.json()["retry_after"] <= 5.001
    assert not refused.json()["global"]
    assert "Via" in refused.headers
    other = await harness.guild_channel("market")
    elsewhere = await harness.rest("POST", f"/channels/{other}/messages", json={"content": "x"})
    assert elsewhere.status_code == 200
    assert (await harness.get("/stats"))["rate_limited"] == 1


async def test_more_requests_a_second_than_allowed_are_limited_for_everything() -> None:
    async with running(requests_per_s=5) as harness:
        answers = [await harness.rest("GET", "/users/@me") for _ in range(6)]

    assert answers[5].status_code == 429
    assert answers[5].json()["global"]
    assert answers[5].headers["X-RateLimit-Scope"] == "global"


async def test_an_ordered_429_is_waited_out_by_the_bot(harness: Harness, bot: TinyBot) -> None:
    fault = {
        "party": "discord", "match": "POST /api/v10/users/@me/channels",
        "kind": "status", "status": 429,
    }  # fmt: skip
    await harness.http.post("/control/faults", json=fault)
    ada = await bot.fetch_user(int((await harness.get("/users/ada"))["id"]))

    await ada.send("hello")

    assert (await harness.get("/inbox", user="ada"))["messages"][0]["text"] == "hello"
    assert (await harness.get("/stats"))["rate_limited"] == 1


async def test_ordered_server_errors_are_retried_by_the_bot(harness: Harness, bot: TinyBot) -> None:
    fault = {"party": "discord", "match": "POST /api/v10/*/callback", "kind": "status"}
    await harness.http.post("/control/faults", json={**fault, "status": 502})

    answer = await harness.run("ada", "card")

    assert answer["state"] == "answered"
    assert answer["acknowledged_ms"] > 1000, "discord.py pauses a second before it tries again"


async def test_interaction_answers_are_exempt_from_the_global_limit() -> None:
    async with running(requests_per_s=8) as harness:
        await harness.bot()
        answers = [await harness.run("ada", "card") for _ in range(15)]

    assert {answer["state"] for answer in answers} == {"answered"}
