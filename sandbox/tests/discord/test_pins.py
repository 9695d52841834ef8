"""Pinned messages: pinned, listed and told of, by the paths of today and of before."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from discord_harness import Harness, a_line, listening, running, told

pytestmark = pytest.mark.asyncio
GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 15
NEW, OLD = "messages/pins", "pins"


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running(privileged_intents=MESSAGE_CONTENT, requests_per_s=0) as made:
        yield made
    assert made.contract.violations == []


async def said(harness: Harness, text: str = "the deal") -> str:
    body = {"user": "ada", "channel": harness.general, "content": text}
    return str((await harness.act("/messages", body))["id"])


async def pin(harness: Harness, message: str, path: str = NEW) -> int:
    answer = await harness.rest("PUT", f"/channels/{harness.general}/{path}/{message}")
    return answer.status_code


async def test_discord_py_pins_reads_and_unpins(harness: Harness) -> None:
    first, second = await said(harness, "one"), await said(harness, "two")
    async with listening(harness, guild_messages=True, message_content=True) as client:
        channel = await client.fetch_channel(int(harness.general))
        for id in (first, second):
            message = await channel.fetch_message(int(id))  # type: ignore[union-attr]
            await message.pin()
            harness.clock.move(1)
        await client.hears("guild_channel_pins_update", 2)
        note = await client.hears("message", 2)
        assert (note.type.name, note.reference.message_id) == ("pins_add", int(second))

        pinned = [it async for it in channel.pins()]  # type: ignore[union-attr]
        assert [it.content for it in pinned] == ["two", "one"]
        assert pinned[0].pinned_at > pinned[1].pinned_at
        older = [it async for it in channel.pins(before=pinned[0].pinned_at)]  # type: ignore[union-attr]
        assert [it.content for it in older] == ["one"]

        await pinned[0].unpin()
        assert await client.hears("guild_channel_pins_update", 3) == pinned[1].pinned_at
        assert not (await channel.fetch_message(int(second))).pinned  # type: ignore[union-attr]


@pytest.mark.parametrize("path", [NEW, OLD])
async def test_a_pin_is_told_once_and_undone(harness: Harness, path: str) -> None:
    message = await said(harness)
    one = f"/channels/{harness.general}/{path}/{message}"
    async with a_line(harness, GUILDS | GUILD_MESSAGES) as line:
        assert [await pin(harness, message, path) for _ in range(2)] == [204, 204]
        heard = await told(line, "MESSAGE_CREATE")
        assert (await harness.rest("DELETE", one)).status_code == 204
        undone = await told(line, "CHANNEL_PINS_UPDATE")

    assert heard["MESSAGE_UPDATE"]["pinned"]
    assert heard["CHANNEL_PINS_UPDATE"]["last_pin_timestamp"]
    assert (heard["MESSAGE_CREATE"]["type"], heard["MESSAGE_CREATE"]["content"]) == (6, "")
    assert set(undone) == {"MESSAGE_UPDATE", "CHANNEL_PINS_UPDATE"}, "the second PUT told nothing"
    assert undone["CHANNEL_PINS_UPDATE"]["last_pin_timestamp"] is None


async def test_both_lists_tell_the_same(harness: Harness) -> None:
    sent = [await said(harness, str(number)) for number in range(3)]
    for message in sent:
        await pin(harness, message)
        harness.clock.move(1)

    old = (await harness.rest("GET", f"/channels/{harness.general}/{OLD}")).json()
    path = f"/channels/{harness.general}/{NEW}"
    first = (await harness.rest("GET", path, params={"limit": 2})).json()
    before = first["items"][-1]["pinned_at"]
    rest = (await harness.rest("GET", path, params={"before": before})).json()
    wrong = [
        (await harness.rest("GET", path, params=it)).json()["code"]
        for it in ({"limit": 0}, {"limit": 51}, {"before": "noon"})
    ]

    assert [it["id"] for it in old] == sent[::-1]
    assert [it["message"]["id"] for it in first["items"]] == sent[:0:-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [it["message"]["id"] for it in rest["items"]] == sent[:1]
    assert wrong == [50035] * 3


async def test_what_cannot_be_pinned_is_refused(harness: Harness) -> None:
    message = await said(harness)
    await pin(harness, message)
    history = await harness.rest("GET", f"/channels/{harness.general}/messages")
    note = history.json()[0]["id"]
    assert await pin(harness, note) == 403
    assert await pin(harness, "1") == 404

    may = ["VIEW_CHANNEL", "MANAGE_MESSAGES"]
    strict = await harness.act(
        "/guilds", {"name": "Strict", "bot_permissions": may, "everyone_permissions": 0xC00}
    )
    path = f"/channels/{strict['channels'][0]['id']}/{NEW}"
    refused = await harness.rest("PUT", f"{path}/1")
    assert (refused.status_code, refused.json()["code"]) == (403, 50013), "it takes PIN_MESSAGES"
    assert (await harness.rest("GET", path)).json() == {"items": [], "has_more": False}


async def test_a_channel_has_no_more_than_250_pins(harness: Harness) -> None:
    for number in range(250):
        assert await pin(harness, await said(harness, str(number))) == 204

    one_more = await said(harness)
    answer = await harness.rest("PUT", f"/channels/{harness.general}/{NEW}/{one_more}")

    assert (answer.status_code, answer.json()["code"]) == (400, 30003)
