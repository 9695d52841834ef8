"""An unmodified discord.py bot lives in the stand-in as it would in Discord."""

from __future__ import annotations

import pytest
from discord_harness import Harness, eventually
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio


async def test_a_slash_command_is_answered_with_embed_and_buttons(
    harness: Harness, bot: TinyBot
) -> None:
    answer = await harness.run("ada", "listing create", title="Obby", price=45, guest="bob")

    assert answer["state"] == "answered"
    assert answer["callback"] == "message"
    assert 0 < answer["acknowledged_ms"] < 3000
    assert "Obby\n$45 game\nGuest: bob" in answer["message"]["text"]
    assert [b["label"] for b in answer["message"]["buttons"]] == [
        "Accept", "Counter", "Too late", "Open web",
    ]  # fmt: skip


async def test_a_button_edits_its_message(harness: Harness, bot: TinyBot) -> None:
    card = (await harness.run("ada", "listing create", title="Obby", price=45))["message"]

    pressed = await harness.act(
        "/press", {"user": "bob", "message_id": card["id"], "label": "Accept"}
    )
    done = await harness.outcome(pressed["interaction_id"])

    assert done["callback"] == "update"
    inbox = await harness.get("/inbox", user="bob", contains="accepted")
    assert inbox["messages"][-1]["id"] == card["id"]
    assert inbox["messages"][-1]["edits"] == 1
    assert inbox["messages"][-1]["buttons"] == []


async def test_a_modal_is_filled_in_and_leads_to_a_follow_up_and_a_direct_message(
    harness: Harness, bot: TinyBot
) -> None:
    card = (await harness.run("ada", "listing create", title="Obby", price=45))["message"]
    pressed = await harness.act(
        "/press", {"user": "bob", "message_id": card["id"], "custom_id": "v1:counter:1"}
    )
    opened = await harness.outcome(pressed["interaction_id"])
    assert opened["modal"]["title"] == "Counter-offer"

    body = {"user": "bob", "interaction_id": opened["id"]}
    await harness.act("/submit", {**body, "values": {"Amount": "1"}}, 400)
    await harness.act("/submit", {**body, "values": {"Amont": "43"}}, 400)
    await harness.act("/submit", {**body, "values": {}}, 400)
    sent = await harness.act("/submit", {**body, "values": {"Amount": "43", "note": "cash"}})
    answer = await harness.outcome(sent["interaction_id"])

    assert answer["message"]["text"] == "offered 43 cash"
    assert answer["message"]["ephemeral"]
    assert answer["message"]["edits"] == 0
    told = await harness.get("/inbox", user="bob", contains="your offer: 43", wait=5)
    assert told["messages"][0]["channel"]["kind"] == "dm"
    assert (await harness.get("/inbox", user="ada", contains="offer"))["messages"] == []
    await harness.act("/submit", {**body, "values": {"Amount": "43"}}, 409)


async def test_a_deferred_answer_is_acknowledged_first_and_answered_later(
    harness: Harness, bot: TinyBot
) -> None:
    started = await harness.act(
        "/commands", {"user": "ada", "guild": harness.guild, "command": "slow"}
    )
    waiting = await harness.outcome(started["interaction_id"], wait="acknowledged")
    assert (waiting["state"], waiting["message"]["loading"]) == ("acknowledged", True)

    bot.hold.set()
    done = await harness.outcome(started["interaction_id"])

    assert done["state"] == "answered"
    assert done["message"]["text"] == "done at last"


async def test_a_command_in_a_direct_message_has_no_guild(harness: Harness, bot: TinyBot) -> None:
    started = await harness.act("/commands", {"user": "eve", "command": "card"})

    answer = await harness.outcome(started["interaction_id"])

    assert "You pay $43.00" in answer["message"]["text"]
    assert answer["message"]["buttons"][0]["custom_id"] == "v1:pay:1"


async def test_autocomplete_and_context_menus_reach_the_bot(harness: Harness, bot: TinyBot) -> None:
    body = {"user": "ada", "guild": harness.guild, "command": "pick"}
    offered = await harness.act(
        "/autocomplete", {**body, "options": {"name": "al"}, "focused": "name"}, 200
    )
    assert [c["value"] for c in offered["choices"]] == ["alpha"]

    said = await harness.act(
        "/messages", {"user": "bob", "channel": harness.general, "content": "I promise"}
    )
    menu = {"user": "ada", "channel": harness.general, "command": "Add as evidence"}
    started = await harness.act("/commands", {**menu, "target_message": said["id"]})
    answer = await harness.outcome(started["interaction_id"])

    assert answer["message"]["text"] == "kept I promise"
    await eventually(lambda: bot.heard)
    assert bot.heard[0].content == "", "without the intent the gateway hides the content"


async def test_what_the_bot_saw_of_the_person_is_complete(harness: Harness, bot: TinyBot) -> None:
    await harness.run("bob", "card")

    interaction = bot.received[0]
    assert interaction.locale.value == "de"
    assert interaction.guild_locale is not None
    assert interaction.guild_locale.value == "de"
    assert interaction.context.guild
    assert interaction.is_guild_integration()
    assert interaction.permissions.send_messages
    assert interaction.app_permissions.manage_channels
    assert getattr(interaction.channel, "name", "") == "general"
