"""Three seconds to the first answer, fifteen minutes to the last, and never two first answers."""

from __future__ import annotations

import discord
import httpx
import pytest
from discord_harness import APPLICATION, Harness, eventually
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio


async def started(harness: Harness, command: str) -> str:
    """The id of a command that ada typed."""
    body = {"user": "ada", "guild": harness.guild, "command": command}
    return str((await harness.act("/commands", body))["interaction_id"])


async def test_an_answer_after_three_seconds_is_unknown(harness: Harness, bot: TinyBot) -> None:
    interaction_id = await started(harness, "late")
    await eventually(lambda: bot.received)

    harness.clock.move(4)
    outcome = await harness.outcome(interaction_id)
    assert outcome["state"] == "failed"
    bot.hold.set()
    await eventually(lambda: bot.failures)

    failure = bot.failures[0]
    assert isinstance(failure, discord.NotFound)
    assert failure.code == 10062
    outcome = await harness.outcome(interaction_id)
    assert (outcome["state"], outcome["message"]) == ("failed", None)
    assert outcome["late_ms"] is not None
    assert (await harness.get("/stats"))["late_answers"] == 1


async def test_a_second_first_answer_is_refused(harness: Harness, bot: TinyBot) -> None:
    await started(harness, "twice")
    await eventually(lambda: bot.failures)

    failure = bot.failures[0]
    assert isinstance(failure, discord.HTTPException)
    assert failure.code == 40060
    assert (await harness.get("/stats"))["double_answers"] == 1


async def test_after_fifteen_minutes_the_token_is_invalid(harness: Harness, bot: TinyBot) -> None:
    interaction_id = await started(harness, "slow")
    await harness.outcome(interaction_id, wait="acknowledged")

    harness.clock.move(901)
    bot.hold.set()
    await eventually(lambda: bot.failures)

    failure = bot.failures[0]
    assert isinstance(failure, discord.HTTPException)
    assert (failure.status, failure.code) == (401, 50027)
    assert (await harness.outcome(interaction_id))["state"] == "failed"


async def test_before_the_first_answer_the_webhook_does_not_exist(
    harness: Harness, bot: TinyBot
) -> None:
    await started(harness, "late")
    await eventually(lambda: bot.received)

    early = await follow_up(harness, bot.received[0].token)

    assert (early.status_code, early.json()["code"]) == (404, 10015)


async def test_a_refused_form_leaves_the_first_answer_open(harness: Harness, bot: TinyBot) -> None:
    interaction_id = await started(harness, "late")
    await eventually(lambda: bot.received)
    path = f"/discord/api/v10/interactions/{interaction_id}/{bot.received[0].token}/callback"

    too_long = await harness.http.post(path, json={"type": 4, "data": {"content": "x" * 2001}})
    wrong_kind = await harness.http.post(path, json={"type": 7, "data": {"content": "x"}})
    fine = await harness.http.post(path, json={"type": 4, "data": {"content": "x"}})

    assert too_long.json()["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert wrong_kind.json()["code"] == 50035
    assert fine.status_code == 204
    assert (await harness.outcome(interaction_id))["message"]["text"] == "x"


async def test_an_interaction_without_a_bot_is_lost(harness: Harness) -> None:
    path = f"/applications/{APPLICATION}/commands"
    await harness.rest("PUT", path, json=[{"name": "card", "description": "A card"}])

    interaction_id = await started(harness, "card")

    outcome = await harness.outcome(interaction_id)
    assert (outcome["state"], outcome["delivered"]) == ("failed", False)
    assert (await harness.get("/stats"))["lost_interactions"] == 1


async def test_a_redelivered_interaction_reaches_the_bot_twice(
    harness: Harness, bot: TinyBot
) -> None:
    interaction_id = await started(harness, "card")
    await harness.outcome(interaction_id)

    await harness.act(f"/interactions/{interaction_id}/redeliver", {}, 200)

    await eventually(lambda: len(bot.received) == 2)
    assert bot.received[0].id == bot.received[1].id
    await eventually(lambda: bot.failures)
    assert getattr(bot.failures[0], "code", None) == 40060


async def follow_up(harness: Harness, token: str) -> httpx.Response:
    """Try a follow-up with an interaction's token."""
    path = f"/discord/api/v10/webhooks/{APPLICATION}/{token}"
    return await harness.http.post(path, json={"content": "early"})
