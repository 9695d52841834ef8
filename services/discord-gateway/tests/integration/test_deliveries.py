from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts_schema.commands.discord import Placed, PressButton, SecretLinkButton, Target
from contracts_schema.ids import derive_uuid
from discord_gateway.store import interaction
from gateway_builders import LISTING, a_card, a_delivery
from gateway_stage import Stage, eventually


def to(stage: Stage, person: str) -> Target:
    return Target(kind="direct", discord_user_id=stage.people[person]["id"])


def in_channel(stage: Stage) -> Target:
    return Target(kind="channel", channel_id=stage.channel, guild_id=stage.guild)


def answer(stage: Stage, interaction: Any, person: str = "ada") -> Target:
    command_id = derive_uuid("interaction", interaction["id"])
    someone = stage.people[person]["id"]
    return Target(kind="answer", command_id=command_id, discord_user_id=someone)


async def outcome(stage: Stage, delivery_id: str) -> Any:
    found: list[Any] = []

    async def look() -> bool:
        sql = "SELECT * FROM deliveries WHERE delivery_id = $1"
        found[:] = await stage.rows(sql, delivery_id)
        return bool(found)

    await stage.until(look, 20)
    return found[0]


async def test_an_answer_fills_the_waiting_reply_for_its_reader_alone(stage):
    async with stage.gateway():
        typed = await stage.begin("ada")
        await stage.deliver(a_delivery(answer(stage, typed), a_card(title="Your link")))
        shown = await stage.outcome(typed["id"])

    assert "Your link" in shown["message"]["text"]
    assert shown["message"]["ephemeral"]
    assert await stage.inbox("bob", wait=0) == []


async def test_a_second_answer_follows_the_first(stage):
    async with stage.gateway():
        typed = await stage.begin("ada")
        for title in ("First", "Second"):
            command = a_delivery(answer(stage, typed), a_card(title=title))
            await stage.deliver(command)
            await outcome(stage, command.delivery_id)
        shown = await stage.outcome(typed["id"])

    assert "First" in shown["message"]["text"]
    assert "Second" in shown["followups"][0]["text"]
    assert shown["followups"][0]["ephemeral"]


async def test_an_answer_to_a_command_of_the_other_door_comes_as_a_direct_message(stage):
    target = Target(kind="answer", command_id=uuid4(), discord_user_id=stage.people["ada"]["id"])
    async with stage.gateway():
        await stage.deliver(a_delivery(target, a_card(title="From REST")))
        messages = await stage.inbox("ada", contains="From REST")

    assert messages[0]["channel"]["kind"] == "dm"


async def test_a_card_with_a_key_changes_the_message_it_stands_on(stage):
    button = PressButton(label="Make offer", verb="make_offer", subject=LISTING)
    async with stage.gateway():
        for person in ("ada", "bob"):
            await stage.deliver(
                a_delivery(to(stage, person), a_card(buttons=(button,)), card_key="deal:1")
            )
        first = (await stage.inbox("ada", contains="A card"))[0]
        await stage.deliver(a_delivery(to(stage, "ada"), a_card(title="Done"), card_key="deal:1"))
        changed = (await stage.inbox("ada", contains="Done"))[0]
        others = await stage.inbox("bob", contains="A card")

    assert changed["id"] == first["id"]
    assert changed["buttons"] == []
    assert [b["label"] for b in others[0]["buttons"]] == ["Make offer"]


async def test_a_word_that_no_button_here_means_is_not_shown(stage):
    buttons = tuple(
        PressButton(label=verb, verb=verb, subject=LISTING) for verb in ("fly", "make_offer")
    )
    async with stage.gateway():
        await stage.deliver(a_delivery(to(stage, "ada"), a_card(buttons=buttons)))
        shown = (await stage.inbox("ada", contains="A card"))[0]

    assert [button["label"] for button in shown["buttons"]] == ["make_offer"]


async def test_an_older_card_never_replaces_a_newer_one(stage):
    async with stage.gateway():
        new = a_delivery(to(stage, "ada"), a_card(title="New"), card_key="deal:1", revision=5)
        old = a_delivery(to(stage, "ada"), a_card(title="Old"), card_key="deal:1", revision=4)
        for command in (new, old):
            await stage.deliver(command)
            await outcome(stage, command.delivery_id)
        messages = await stage.inbox("ada", wait=0)

    assert len(messages) == 1
    assert "New" in messages[0]["text"]


async def test_one_order_shows_its_reader_the_answer_and_the_card_beside_it(stage):
    async with stage.gateway():
        typed = await stage.begin("ada")
        await stage.deliver(a_delivery(to(stage, "ada"), card_key="deal:1"))
        standing = (await stage.inbox("ada", contains="A card"))[0]
        beside = Placed(target=to(stage, "ada"), card=a_card(title="Done"), card_key="deal:1")
        command = a_delivery(
            answer(stage, typed), a_card(title="Accepted"), also=(beside,), revision=2
        )
        for _ in range(2):
            await stage.deliver(command)
        shown = await stage.outcome(typed["id"])
        changed = (await stage.inbox("ada", contains="Done"))[0]
        await outcome(stage, command.delivery_id)
        rows = await stage.rows("SELECT outcome FROM deliveries ORDER BY outcome")

    assert "Accepted" in shown["message"]["text"]
    assert shown["followups"] == []
    assert changed["id"] == standing["id"]
    assert [row["outcome"] for row in rows] == ["answered", "edited", "posted"]


async def test_what_one_order_could_show_is_not_shown_again_while_the_rest_waits(stage):
    stage.paper.away = True
    secret = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    stage.paper.answers["POST /v1/links/lnk_1/url"] = (200, {"url": "https://x.example/1"})
    async with stage.gateway():
        typed = await stage.begin("ada")
        late = Placed(target=to(stage, "ada"), card=a_card(title="Late", buttons=(secret,)))
        command = a_delivery(answer(stage, typed), a_card(title="Now"), also=(late,))
        await stage.deliver(command)
        shown = await stage.outcome(typed["id"])
        await outcome(stage, command.delivery_id)
        stage.paper.away = False
        await stage.inbox("ada", contains="Late")
        after = await stage.outcome(typed["id"])
        messages = await stage.inbox("ada", wait=0, contains="Late")

    assert "Now" in shown["message"]["text"]
    assert after["followups"] == []
    assert len(messages) == 1


async def test_of_many_changes_of_a_card_the_first_is_shown_and_then_the_newest(stage):
    async with stage.gateway():
        await stage.deliver(a_delivery(to(stage, "ada"), card_key="deal:1"))
        await stage.inbox("ada", contains="A card")
        changes = [
            a_delivery(to(stage, "ada"), a_card(title=f"Change {n}"), card_key="deal:1", revision=n)
            for n in range(1, 9)
        ]
        begun = time.monotonic()
        for command in changes:
            await stage.deliver(command)
        made = [(await outcome(stage, command.delivery_id))["outcome"] for command in changes]
        elapsed_s = time.monotonic() - begun
        messages = await stage.inbox("ada", wait=0)

    assert [message["text"].splitlines()[0] for message in messages] == ["### Change 8"]
    assert made[-1] == "edited"
    assert made.count("edited") <= 1 + elapsed_s
    assert set(made[:-1]) == {"edited", "superseded"}


async def test_a_card_whose_message_was_deleted_is_posted_anew(stage):
    async with stage.gateway():
        await stage.deliver(a_delivery(in_channel(stage), card_key="listing:" + LISTING))
        posted = (await stage.inbox("ada", contains="A card"))[0]
        deleted = await stage.http.delete(f"/control/discord/messages/{posted['id']}")
        again = a_card(title="Again")
        await stage.deliver(a_delivery(in_channel(stage), again, card_key="listing:" + LISTING))
        anew = (await stage.inbox("ada", contains="Again"))[0]

    assert deleted.status_code == 204
    assert anew["id"] != posted["id"]


async def test_a_listing_in_a_channel_is_told_once_with_its_message(stage):
    async with stage.gateway():
        command = a_delivery(in_channel(stage), card_key="listing:" + LISTING)
        await stage.deliver(command)
        told = await stage.take("notifier.events")
        await stage.deliver(a_delivery(in_channel(stage), card_key="listing:" + LISTING))
        posted = (await stage.inbox("bob", contains="A card"))[0]
        nothing = await stage.nothing_on("notifier.events")

    assert told["type"] == "discord.listing_posted.v1"
    assert (told["listing_id"], told["message_id"]) == (LISTING, posted["id"])
    assert (told["guild_id"], told["channel_id"]) == (stage.guild, stage.channel)
    assert nothing


@pytest.mark.fault("G5")
async def test_closed_direct_messages_are_told_and_the_web_remains(stage):
    await stage.act(f"/users/{stage.people['ada']['id']}/dms", {"open": False})
    async with stage.gateway():
        command = a_delivery(to(stage, "ada"))
        await stage.deliver(command)
        told = await stage.take("notifier.events")

    assert told["type"] == "discord.delivery_failed.v1"
    assert (told["delivery_id"], told["reason_code"]) == (command.delivery_id, "dms_closed")


@pytest.mark.fault("G5")
async def test_a_channel_that_is_gone_is_told(stage):
    async with stage.gateway():
        gone = Target(kind="channel", channel_id="123456789012345678", guild_id=stage.guild)
        await stage.deliver(a_delivery(gone))
        told = await stage.take("notifier.events")

    assert told["reason_code"] == "discord_10003"


@pytest.mark.fault("M11")
async def test_the_same_order_ten_times_is_one_message(stage):
    command, message_id = a_delivery(to(stage, "ada")), uuid4()
    async with stage.gateway():
        for _ in range(5):
            await stage.deliver(command, message_id=message_id)
        for _ in range(5):
            await stage.deliver(command, message_id=uuid4())
        last = a_delivery(to(stage, "ada"), a_card(title="Last"))
        await stage.deliver(last)
        await stage.inbox("ada", contains="Last")
        messages = await stage.inbox("ada", wait=0, contains="A card")

    assert len(messages) == 1


@pytest.mark.fault("M9")
async def test_what_is_no_order_is_parked_and_the_next_one_is_shown(stage, broker):
    async with stage.gateway():
        await stage.raw(b'{"actor": {"discord_user_id": "1"}, "payload": {"card": 1}}')
        await stage.deliver(a_delivery(to(stage, "ada")))
        await stage.inbox("ada", contains="A card")
        parked = await stage.take("discord-gateway.deliveries.parked")

    assert parked["payload"] == {"card": 1}


async def test_a_secret_page_is_opened_by_its_reader_and_only_in_private(stage):
    page = "https://roblox.example/link/secret"
    stage.paper.answers["POST /v1/links/lnk_1/url"] = (200, {"url": page})
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with stage.gateway():
        typed = await stage.begin("ada")
        await stage.deliver(a_delivery(answer(stage, typed), a_card(buttons=(button,))))
        shown = await stage.outcome(typed["id"])
        public = a_card(title="Public", buttons=(button,))
        await stage.deliver(a_delivery(in_channel(stage), public))
        seen = (await stage.inbox("bob", contains="Public"))[0]

    assert shown["message"]["buttons"][0]["url"] == page
    assert seen["buttons"] == []
    assert stage.paper.asked[-1][1].endswith(stage.people["ada"]["id"])


async def test_a_secret_page_waits_for_an_owner_that_is_away(stage):
    stage.paper.answers["POST /v1/links/lnk_1/url"] = (200, {"url": "https://x.example/1"})
    stage.paper.away = True
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with stage.gateway():
        await stage.deliver(a_delivery(to(stage, "ada"), a_card(buttons=(button,))))
        await eventually(lambda: stage.paper.asked)
        stage.paper.away = False
        messages = await stage.inbox("ada", contains="A card")

    assert messages[0]["buttons"][0]["url"] == "https://x.example/1"


async def test_a_secret_page_that_is_refused_is_said_in_its_place(stage):
    problem = {"code": "link_used", "detail": "This link was used."}
    stage.paper.answers["POST /v1/links/lnk_1/url"] = (410, problem)
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with stage.gateway():
        await stage.deliver(a_delivery(to(stage, "ada"), a_card(buttons=(button,))))
        messages = await stage.inbox("ada", contains="A card")

    assert "This link was used." in messages[0]["text"]
    assert messages[0]["buttons"] == []


@pytest.mark.fault("G6")
async def test_a_card_comes_late_but_once_when_discord_fails_for_a_while(stage):
    fault = {"party": "discord", "match": "POST /api/v10/channels/*/messages"}
    async with stage.gateway():
        for kind in ("status", "drop_reply"):
            await stage.act("/faults", fault | {"kind": kind, "status": 503}, root="")
        command = a_delivery(to(stage, "ada"))
        await stage.deliver(command)
        made = await outcome(stage, command.delivery_id)
        messages = await stage.inbox("ada", wait=0)

    assert made["outcome"] == "posted"
    assert [message["id"] for message in messages] == [made["message_id"]]


async def test_nobody_is_pinged_by_what_a_card_holds(stage):
    words = f"@everyone <@{'1' * 18}> <@&{'2' * 18}>"
    async with stage.gateway():
        await stage.deliver(a_delivery(in_channel(stage), a_card(title=words, body=words)))
        message = (await stage.inbox("bob", contains="everyone"))[0]

    assert message["mentions"] == []


async def test_the_token_of_an_interaction_is_in_no_message_and_is_blotted_out(stage):
    async with stage.gateway() as app:
        typed = await stage.type("ada", "link", "acknowledged")
        command = await stage.take("identity.commands")
        kept = await stage.rows("SELECT token, command_id FROM pending_interactions")
        stage.clock.move(901)
        await stage.until(lambda: _blotted(app))
        after = await stage.rows("SELECT token FROM pending_interactions")

    assert kept[0]["token"]
    assert kept[0]["token"] not in str(command)
    assert kept[0]["command_id"] == UUID(command["id"])
    assert typed["callback"] == "deferred_message"
    assert after[0]["token"] == ""
    assert interaction.TOKEN_LIVES.total_seconds() == 900


async def _blotted(app: Any) -> bool:
    await interaction.forget(app.state.database)
    rows = await app.state.database.rows("SELECT 1 FROM pending_interactions WHERE token <> ''")
    return not rows
