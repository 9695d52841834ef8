"""Webhooks of channels: made by a bot, and written through by whoever has the token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord_harness import APPLICATION, Harness, a_line, listening, running, told

pytestmark = pytest.mark.asyncio
GUILDS, GUILD_WEBHOOKS = 1 << 0, 1 << 5
API = "/discord/api/v10"


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running(requests_per_s=0) as made:
        yield made
    assert made.contract.violations == []


async def a_webhook(harness: Harness, name: str = "Prices") -> dict[str, Any]:
    answer = await harness.rest(
        "POST", f"/channels/{harness.general}/webhooks", json={"name": name}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def door(webhook: dict[str, Any], more: str = "") -> str:
    return f"{API}/webhooks/{webhook['id']}/{webhook['token']}{more}"


async def test_discord_py_writes_through_a_webhook_and_takes_it_back(harness: Harness) -> None:
    async with listening(harness, guild_messages=True, webhooks=True) as client:
        channel = await client.fetch_channel(int(harness.general))
        assert isinstance(channel, discord.TextChannel)
        webhook = await channel.create_webhook(name="Prices")
        await client.hears("webhooks_update")
        sent = await webhook.send("42.00", username="Broker", wait=True)
        assert (sent.author.name, sent.webhook_id) == ("Broker", webhook.id)
        heard = await client.hears("message")
        assert (heard.id, heard.webhook_id, heard.author.bot) == (sent.id, webhook.id, True)

        await sent.edit(content="43.00")
        assert (await webhook.fetch_message(sent.id)).content == "43.00"
        assert [it.id for it in await channel.webhooks()] == [webhook.id]
        assert [it.id for it in await channel.guild.webhooks()] == [webhook.id]
        await webhook.edit(name="Rates")
        assert (await client.fetch_webhook(webhook.id)).name == "Rates"
        await sent.delete()
        await webhook.delete()
        with pytest.raises(discord.NotFound):
            await client.fetch_webhook(webhook.id)
    assert (await harness.get("/inbox", user="ada"))["messages"] == []


async def test_the_token_alone_opens_it_and_hides_who_made_it(harness: Harness) -> None:
    webhook = await a_webhook(harness)
    assert webhook["url"] == f"{harness.base}{door(webhook).replace('/v10', '')}"
    assert (webhook["type"], webhook["application_id"]) == (1, APPLICATION)
    assert webhook["user"]["id"] == APPLICATION

    seen = await harness.http.get(webhook["url"])
    quiet = await harness.http.post(webhook["url"], json={"content": "42"})
    told_of = await harness.http.post(door(webhook), params={"wait": "true"}, json={"content": "x"})
    renamed = await harness.http.patch(door(webhook), json={"name": "Rates"})

    assert "user" not in seen.json()
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert told_of.json()["author"] == {**told_of.json()["author"], "username": "Prices"}
    assert renamed.json()["name"] == "Rates"
    inbox = (await harness.get("/inbox", user="bob"))["messages"]
    assert [(it["text"], it["author"]["name"]) for it in inbox] == [
        ("42", "Prices"),
        ("x", "Prices"),
    ]
    assert (await harness.http.delete(door(webhook))).status_code == 204
    gone = await harness.http.post(door(webhook), json={"content": "42"})
    assert (gone.status_code, gone.json()["code"]) == (404, 10015)


async def test_what_a_webhook_wrote_is_its_own_to_change(harness: Harness) -> None:
    webhook, other = await a_webhook(harness), await a_webhook(harness, "Other")
    wait = {"wait": "true"}
    sent = (await harness.http.post(door(webhook), params=wait, json={"content": "1"})).json()
    said = {"user": "ada", "channel": harness.general, "content": "mine"}
    theirs = (await harness.act("/messages", said))["id"]
    one = f"/messages/{sent['id']}"

    changed = await harness.http.patch(door(webhook, one), json={"content": "2"})
    assert changed.json()["content"] == "2"
    for wrong in (
        door(other, one),
        door(webhook, f"/messages/{theirs}"),
        door(webhook, "/messages/1"),
    ):
        for method in ("GET", "PATCH", "DELETE"):
            answer = await harness.http.request(method, wrong, json={"content": "3"})
            assert (answer.status_code, answer.json()["code"]) == (404, 10008)
    as_bot = await harness.rest("PATCH", f"/channels/{harness.general}{one}", json={"content": "3"})
    assert as_bot.json()["code"] == 50005
    assert (await harness.http.delete(door(webhook, one))).status_code == 204


async def test_a_wrong_token_and_an_unknown_webhook_are_told_apart(harness: Harness) -> None:
    webhook = await a_webhook(harness)
    for method in ("GET", "PATCH", "POST", "DELETE"):
        wrong = await harness.http.request(
            method, door({**webhook, "token": "x"}), json={"content": "x", "name": "x"}
        )
        unknown = await harness.http.request(
            method, door({**webhook, "id": "1"}), json={"content": "x", "name": "x"}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (401, 50027)
        assert (unknown.status_code, unknown.json()["code"]) == (404, 10015)


@pytest.mark.parametrize("name", ["", "x" * 81, "My Discord hook", "Clyde", 7])
async def test_a_name_that_nobody_may_have_is_refused(harness: Harness, name: object) -> None:
    path = f"/channels/{harness.general}/webhooks"
    made = await harness.rest("POST", path, json={"name": name})
    assert (made.status_code, made.json()["code"]) == (400, 50035)

    webhook = await a_webhook(harness)
    if name:
        said = {"content": "x", "username": name}
        assert (await harness.http.post(door(webhook), json=said)).status_code == 400


async def test_webhooks_are_of_text_channels_for_whom_may_manage_them(harness: Harness) -> None:
    thread = (
        await harness.rest(
            "POST", f"/channels/{harness.general}/threads", json={"name": "t", "type": 11}
        )
    ).json()["id"]
    in_thread = await harness.rest("POST", f"/channels/{thread}/webhooks", json={"name": "x"})
    assert in_thread.json()["code"] == 50024
    for _ in range(15):
        await a_webhook(harness)
    more = await harness.rest("POST", f"/channels/{harness.general}/webhooks", json={"name": "x"})
    assert (more.status_code, more.json()["code"]) == (400, 30007)

    strict = await harness.act("/guilds", {"name": "Strict", "bot_permissions": ["VIEW_CHANNEL"]})
    channel = f"/channels/{strict['channels'][0]['id']}/webhooks"
    for path in (channel, f"/guilds/{strict['id']}/webhooks"):
        assert (await harness.rest("GET", path)).json()["code"] == 50013


async def test_a_webhook_writes_into_threads_of_its_channel_and_moves(harness: Harness) -> None:
    webhook, market = await a_webhook(harness), await harness.guild_channel("market")
    threads = [
        (
            await harness.rest("POST", f"/channels/{it}/threads", json={"name": "t", "type": 11})
        ).json()["id"]
        for it in (harness.general, market)
    ]

    async def written(thread: str) -> Any:
        query = {"wait": "true", "thread_id": thread}
        return (await harness.http.post(door(webhook), params=query, json={"content": "x"})).json()

    assert (await written(threads[0]))["channel_id"] == threads[0]
    assert (await written(threads[1]))["code"] == 10003
    moved = {"channel_id": market}
    await harness.rest("PATCH", f"/webhooks/{webhook['id']}", json=moved)
    assert (await written(threads[1]))["channel_id"] == threads[1]
    forum = await harness.http.post(door(webhook), json={"content": "x", "thread_name": "t"})
    assert forum.json()["code"] == 220003


async def test_changes_are_told_by_their_intent_and_end_with_the_channel(
    harness: Harness,
) -> None:
    async with a_line(harness, GUILDS | GUILD_WEBHOOKS) as line:
        webhook = await a_webhook(harness)
        heard = await told(line, "WEBHOOKS_UPDATE")
    await harness.rest("DELETE", f"/channels/{harness.general}")

    assert heard["WEBHOOKS_UPDATE"] == {"guild_id": harness.guild, "channel_id": harness.general}
    assert (await harness.http.get(door(webhook))).json()["code"] == 10015


async def test_an_interactions_token_opens_the_applications_own_webhook(
    harness: Harness,
) -> None:
    bot = await harness.bot()
    await harness.run("ada", "card")
    token = bot.received[0].token

    seen = await harness.http.get(f"{API}/webhooks/{APPLICATION}/{token}")

    assert (seen.json()["type"], seen.json()["id"]) == (3, APPLICATION)
