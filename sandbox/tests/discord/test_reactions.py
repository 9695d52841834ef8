"""Reactions: by the bot and by people, listed, taken away, and told to whom asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from discord_harness import APPLICATION, Harness, a_line, listening, running, told

pytestmark = pytest.mark.asyncio
GUILDS, GUILD_MESSAGES, GUILD_REACTIONS = 1 << 0, 1 << 9, 1 << 10
DIRECT_REACTIONS = 1 << 13
THUMB, HEART = "👍", "❤️"


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    """One that counts no requests: a bot may react four times a second."""
    async with running(requests_per_s=0) as made:
        yield made
    assert made.contract.violations == []


async def a_message(harness: Harness, channel: str = "", user: str = "ada") -> str:
    body = {"user": user, "content": "deal?", "channel": channel or harness.general}
    return str((await harness.act("/messages", body))["id"])


def at(message: str, emoji: str = "", who: str = "", channel: str = "") -> str:
    parts = ["", "channels", channel, "messages", message, "reactions"]
    return "/".join([*parts, *(quote(it) if it != "@me" else it for it in (emoji, who) if it)])


async def react(harness: Harness, user: str, message: str, emoji: str, **more: bool) -> None:
    await harness.act("/reactions", {"user": user, "message_id": message, "emoji": emoji, **more})


async def test_discord_py_reacts_reads_and_clears(harness: Harness) -> None:
    sent = await a_message(harness)
    async with listening(harness, guild_messages=True, guild_reactions=True) as client:
        channel = await client.fetch_channel(int(harness.general))
        message = await channel.fetch_message(int(sent))  # type: ignore[union-attr]
        await message.add_reaction(THUMB)
        await react(harness, "bob", sent, THUMB)
        heard = await client.hears("raw_reaction_add", 2)
        assert (str(heard.emoji), heard.member.name) == (THUMB, "bob")
        await react(harness, "bob", sent, HEART)

        message = await channel.fetch_message(int(sent))  # type: ignore[union-attr]
        counts = {str(it.emoji): (it.count, it.me) for it in message.reactions}
        assert counts == {THUMB: (2, True), HEART: (1, False)}
        who = [it.name async for it in message.reactions[0].users()]
        assert set(who) == {"bob", client.user.name}  # type: ignore[union-attr]

        await message.remove_reaction(THUMB, client.user)  # type: ignore[arg-type]
        assert (await client.hears("raw_reaction_remove")).user_id == int(APPLICATION)
        await message.clear_reaction(HEART)
        assert str((await client.hears("raw_reaction_clear_emoji")).emoji) == HEART
        await message.clear_reactions()
        await client.hears("raw_reaction_clear")
    assert (await harness.get("/inbox", user="ada"))["messages"][-1]["reactions"] == {}


async def test_reactions_are_told_by_their_own_intents_only(harness: Harness) -> None:
    sent = await a_message(harness)
    letter = await a_message(harness, (await harness.get("/users/ada"))["dm_channel_id"])
    async with (
        a_line(harness, GUILDS | GUILD_MESSAGES) as plain,
        a_line(harness, GUILDS | GUILD_REACTIONS) as guild,
        a_line(harness, GUILDS | DIRECT_REACTIONS) as direct,
    ):
        for message in (sent, letter):
            await react(harness, "ada", message, THUMB)
            await react(harness, "ada", message, THUMB, remove=True)
        await a_message(harness)
        of_plain = await told(plain, "MESSAGE_CREATE")
        of_guild = await told(guild, "MESSAGE_REACTION_REMOVE")
        of_direct = await told(direct, "MESSAGE_REACTION_REMOVE")

    assert set(of_plain) == {"MESSAGE_CREATE"}
    assert of_guild["MESSAGE_REACTION_ADD"]["message_id"] == sent
    assert of_guild["MESSAGE_REACTION_ADD"]["member"]["user"]["username"] == "ada"
    assert of_direct["MESSAGE_REACTION_ADD"]["message_id"] == letter
    assert "guild_id" not in of_direct["MESSAGE_REACTION_ADD"]


@pytest.mark.parametrize("emoji", ["deal", "deal:123", "x👍", " ", "1"])
async def test_what_is_no_emoji_is_refused(harness: Harness, emoji: str) -> None:
    path = at(await a_message(harness), emoji, "@me", harness.general)

    answer = await harness.rest("PUT", path)

    assert (answer.status_code, answer.json()["code"]) == (400, 10014)


@pytest.mark.parametrize("emoji", ["1️⃣", "🇩🇪", "👨‍👩‍👧", "👍🏽", "‼️"])
async def test_every_sort_of_emoji_is_one(harness: Harness, emoji: str) -> None:
    path = at(await a_message(harness), emoji, "@me", harness.general)

    assert (await harness.rest("PUT", path)).status_code == 204


async def test_who_reacted_is_listed_in_pages(harness: Harness) -> None:
    sent = await a_message(harness)
    for user in ("bob", "ada", "guild-owner"):
        await react(harness, user, sent, THUMB)
    path = at(sent, THUMB, channel=harness.general)

    first = (await harness.rest("GET", path, params={"limit": 2})).json()
    after = first[-1]["id"]
    rest = (await harness.rest("GET", path, params={"limit": 2, "after": after})).json()
    wrong = [(await harness.rest("GET", path, params={"limit": it})).status_code for it in (0, 101)]

    listed = [int(it["id"]) for it in (*first, *rest)]
    assert (len(first), len(rest)) == (2, 1)
    assert listed == sorted(listed)
    assert wrong == [400, 400]
    assert (await harness.rest("GET", path, params={"type": 1})).json() == []


async def test_no_more_than_twenty_emoji_stand_under_a_message(harness: Harness) -> None:
    sent = await a_message(harness)
    for number in range(20):
        path = at(sent, chr(0x1F600 + number), "@me", harness.general)
        assert (await harness.rest("PUT", path)).status_code == 204

    more = await harness.rest("PUT", at(sent, THUMB, "@me", harness.general))
    again = await harness.rest("PUT", at(sent, chr(0x1F600), "@me", harness.general))

    assert (more.status_code, more.json()["code"]) == (400, 30010)
    assert again.status_code == 204


async def test_who_may_not_react_may_still_join_and_who_may_not_manage_clears_nothing(
    harness: Harness,
) -> None:
    allowed = ["VIEW_CHANNEL", "READ_MESSAGE_HISTORY"]
    body = {"name": "Strict", "bot_permissions": allowed, "everyone_permissions": 0x10C40}
    strict = await harness.act("/guilds", {**body, "owner": "ada"})
    channel = strict["channels"][0]["id"]
    sent = await a_message(harness, channel)
    overwrite = [{"id": strict["id"], "type": 0, "allow": "0", "deny": str(1 << 6)}]
    made = {"guild": strict["id"], "name": "quiet", "overwrites": overwrite}
    quiet = (await harness.act("/channels", made))["id"]
    hushed = await a_message(harness, quiet)

    first = await harness.rest("PUT", at(hushed, THUMB, "@me", quiet))
    await react(harness, "ada", hushed, THUMB)
    joined = await harness.rest("PUT", at(hushed, THUMB, "@me", quiet))
    await react(harness, "ada", sent, THUMB)
    ada = (await harness.get("/users/ada"))["id"]
    taken = [
        (await harness.rest("DELETE", path)).json()["code"]
        for path in (
            at(sent, channel=channel), at(sent, THUMB, channel=channel),
            at(sent, THUMB, ada, channel),
        )
    ]  # fmt: skip

    assert (first.status_code, first.json()["code"]) == (403, 50013)
    assert joined.status_code == 204
    assert taken == [50013] * 3


async def test_in_a_direct_conversation_others_reactions_stay(harness: Harness) -> None:
    user = await harness.get("/users/ada")
    sent = await a_message(harness, user["dm_channel_id"])
    await react(harness, "ada", sent, THUMB)

    theirs = await harness.rest("DELETE", at(sent, THUMB, user["id"], user["dm_channel_id"]))
    own = await harness.rest("PUT", at(sent, THUMB, "@me", user["dm_channel_id"]))

    assert (theirs.status_code, theirs.json()["code"]) == (403, 50003)
    assert own.status_code == 204
