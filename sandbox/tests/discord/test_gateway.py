"""The gateway as discord.py meets it: resume, reconnect, invalid sessions, close codes."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

import aiohttp
import discord
import pytest
from discord_harness import TOKEN, Harness, eventually, running
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio
QUERY = "?v=10&encoding=json"


async def command(harness: Harness, name: str) -> dict[str, Any]:
    """Type a command in the guild."""
    return await harness.act("/commands", {"user": "ada", "guild": harness.guild, "command": name})


@pytest.mark.parametrize("action", ["drop", "reconnect", "close", "invalidate_resumable"])
async def test_a_bot_that_lost_its_line_resumes_and_misses_nothing(
    harness: Harness, bot: TinyBot, action: str
) -> None:
    await harness.act("/gateway", {"action": "refuse"}, 200)
    await harness.act("/gateway", {"action": action}, 200)
    await harness.act("/gateway", {"action": "accept"}, 200)

    await eventually(lambda: bot.resumed == 1, 15)
    answer = await harness.run("ada", "card")

    assert answer["state"] == "answered"
    assert (await harness.get("/stats"))["gateway"]["resumes"] == 1


async def test_what_happened_in_a_gap_is_replayed(harness: Harness, bot: TinyBot) -> None:
    await harness.act("/gateway", {"action": "refuse"}, 200)
    await harness.act("/gateway", {"action": "drop"}, 200)

    started = await command(harness, "card")
    assert started["delivered"], "the session can still be resumed, so the event waits"
    await harness.act("/gateway", {"action": "accept"}, 200)

    answer = await harness.outcome(started["interaction_id"], wait="answered")
    report = (await harness.get("/stats"))["gateway"]
    assert (answer["state"], report["resumes"]) == ("answered", 1)
    assert report["replayed_events"] >= 1


async def test_an_invalid_session_is_identified_anew(harness: Harness, bot: TinyBot) -> None:
    await harness.act("/gateway", {"action": "invalidate"}, 200)

    await reidentified(harness)

    assert bot.resumed == 0
    assert (await harness.run("ada", "card"))["state"] == "answered"


async def reidentified(harness: Harness) -> None:
    """Wait until a second session began; discord.py takes five seconds for it."""
    async with asyncio.timeout(15):
        while (await harness.get("/stats"))["gateway"]["identifies"] < 2:
            await asyncio.sleep(0.05)


async def test_a_wrong_token_ends_in_a_login_failure(harness: Harness) -> None:
    async with running(token="another") as other, aiohttp.ClientSession() as session:
        with pytest.raises(discord.LoginFailure):
            await other.bot()
        async with session.ws_connect(f"{other.base}/discord/gateway{QUERY}") as line:
            await line.receive_json()
            await line.send_json({"op": 2, "d": {"token": TOKEN, "intents": 0}})
            assert (await line.receive()).data == 4004
        other.bots.clear()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", 4002),
        (json.dumps({"op": 99, "d": None}), 4001),
        (json.dumps({"op": 3, "d": {}}), 4003),
        (json.dumps({"op": 2, "d": {"token": TOKEN, "intents": -1}}), 4013),
        (json.dumps({"op": 2, "d": {"token": TOKEN, "intents": 1 << 15}}), 4014),
        (json.dumps({"op": 2, "d": {"token": TOKEN, "intents": 0, "shard": [2, 2]}}), 4010),
    ],
)
async def test_what_the_protocol_forbids_closes_the_line(
    harness: Harness, sent: str, code: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway{QUERY}") as line,
    ):
        assert (await line.receive_json())["op"] == 10
        await line.send_str(sent)

        assert (await line.receive()).data == code


async def test_an_unknown_session_is_answered_with_op_9(harness: Harness) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway{QUERY}") as line,
    ):
        await line.receive_json()
        await line.send_json({"op": 6, "d": {"token": TOKEN, "session_id": "x", "seq": 1}})

        assert await line.receive_json() == {"op": 9, "d": False}


async def test_zlib_stream_is_one_stream_and_each_message_ends_with_a_flush(
    harness: Harness,
) -> None:
    inflate = zlib.decompressobj()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway{QUERY}&compress=zlib-stream") as line,
    ):
        hello = await line.receive_bytes()
        await line.send_json({"op": 1, "d": None})
        ack = await line.receive_bytes()

    assert hello.endswith(b"\x00\x00\xff\xff")
    assert json.loads(inflate.decompress(hello))["op"] == 10
    assert json.loads(inflate.decompress(ack)) == {"op": 11, "d": None}


async def test_a_line_without_heartbeats_is_closed() -> None:
    async with (
        running(heartbeat_ms=100) as harness,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{harness.base}/discord/gateway{QUERY}") as line,
    ):
        await line.receive_json()
        await line.send_json({"op": 2, "d": {"token": TOKEN, "intents": 0}})
        ready = await line.receive_json()
        closing = await line.receive(timeout=5)

    assert ready["t"] == "READY"
    assert closing.data == 4009


async def test_silence_duplicate_and_reorder_strike_events(harness: Harness, bot: TinyBot) -> None:
    async def order(kind: str, match: str) -> None:
        fault = {"party": "discord", "match": match, "kind": kind}
        assert (await harness.http.post("/control/faults", json=fault)).status_code == 201

    await order("silence", "INTERACTION_CREATE")
    lost = await command(harness, "card")
    assert not lost["delivered"]

    await order("duplicate", "MESSAGE_CREATE")
    said = {"user": "ada", "channel": harness.general, "content": "one"}
    await harness.act("/messages", said)
    await eventually(lambda: len(bot.heard) == 2)

    await order("reorder", "MESSAGE_CREATE")
    first = await harness.act("/messages", said)
    second = await harness.act("/messages", said)
    await eventually(lambda: len(bot.heard) == 4)
    assert [str(m.id) for m in bot.heard[2:]] == [second["id"], first["id"]]


async def test_the_gateway_is_named_as_whoever_asks_can_reach_it(harness: Harness) -> None:
    """In a network of containers the loopback interface is nobody's neighbour."""
    named = {"Host": "sandbox:8090", "Authorization": f"Bot {TOKEN}"}
    identify = {"token": TOKEN, "intents": 0, "properties": {}}
    async with aiohttp.ClientSession(harness.base, headers=named) as session:
        async with session.get("/discord/api/v10/gateway/bot") as answer:
            told = (await answer.json())["url"]
        async with session.ws_connect(f"/discord/gateway{QUERY}") as line:
            await line.receive_json()
            await line.send_json({"op": 2, "d": identify})
            ready = await line.receive_json()

    assert told == "ws://sandbox:8090/discord/gateway"
    assert ready["d"]["resume_gateway_url"] == told
