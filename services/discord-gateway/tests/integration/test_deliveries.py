from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts_schema.commands.discord import Placed, PressButton, SecretLinkButton, Target
from contracts_schema.ids import derive_uuid
from discord_gateway.store import interaction
from gateway_builders import LISTING, a_card, a_delivery
from gateway_harness import Harness, eventually


def to(harness: Harness, person: str) -> Target:
    return Target(kind="direct", discord_user_id=harness.people[person]["id"])


def in_channel(harness: Harness) -> Target:
    return Target(kind="channel", channel_id=harness.channel, guild_id=harness.guild)


def answer(harness: Harness, interaction: Any, person: str = "ada") -> Target:
    command_id = derive_uuid("interaction", interaction["id"])
    someone = harness.people[person]["id"]
    return Target(kind="answer", command_id=command_id, discord_user_id=someone)


async def outcome(harness: Harness, delivery_id: str) -> Any:
    found: list[Any] = []

    async def look() -> bool:
        sql = "SELECT * FROM deliveries WHERE delivery_id = $1"
        found[:] = await harness.rows(sql, delivery_id)
        return bool(found)

    await harness.until(look, 20)
    return found[0]


async def test_an_answer_fills_the_waiting_reply_for_its_reader_alone(harness):
    async with harness.gateway():
        typed = await harness.begin("ada")
        await harness.deliver(a_delivery(answer(harness, typed), a_card(title="Your link")))
        shown = await harness.outcome(typed["id"])

    assert "Your link" in shown["message"]["text"]
    assert shown["message"]["ephemeral"]
    assert await harness.inbox("bob", wait=0) == []


async def test_a_second_answer_follows_the_first(harness):
    async with harness.gateway():
        typed = await harness.begin("ada")
        for title in ("First", "Second"):
            command = a_delivery(answer(harness, typed), a_card(title=title))
            await harness.deliver(command)
            await outcome(harness, command.delivery_id)
        shown = await harness.outcome(typed["id"])

    assert "First" in shown["message"]["text"]
    assert "Second" in shown["followups"][0]["text"]
    assert shown["followups"][0]["ephemeral"]


async def test_an_answer_to_a_command_of_the_other_door_comes_as_a_direct_message(harness):
    target = Target(kind="answer", command_id=uuid4(), discord_user_id=harness.people["ada"]["id"])
    async with harness.gateway():
        await harness.deliver(a_delivery(target, a_card(title="From REST")))
        messages = await harness.inbox("ada", contains="From REST")

    assert messages[0]["channel"]["kind"] == "dm"


async def test_a_card_with_a_key_changes_the_message_it_stands_on(harness):
    button = PressButton(label="Make offer", verb="make_offer", subject=LISTING)
    async with harness.gateway():
        for person in ("ada", "bob"):
            await harness.deliver(
                a_delivery(to(harness, person), a_card(buttons=(button,)), card_key="deal:1")
            )
        first = (await harness.inbox("ada", contains="A card"))[0]
        await harness.deliver(
            a_delivery(to(harness, "ada"), a_card(title="Done"), card_key="deal:1")
        )
        changed = (await harness.inbox("ada", contains="Done"))[0]
        others = await harness.inbox("bob", contains="A card")

    assert changed["id"] == first["id"]
    assert changed["buttons"] == []
    assert [b["label"] for b in others[0]["buttons"]] == ["Make offer"]


async def test_a_word_that_no_button_here_means_is_not_shown(harness):
    buttons = tuple(
        PressButton(label=verb, verb=verb, subject=LISTING) for verb in ("fly", "make_offer")
    )
    async with harness.gateway():
        await harness.deliver(a_delivery(to(harness, "ada"), a_card(buttons=buttons)))
        shown = (await harness.inbox("ada", contains="A card"))[0]

    assert [button["label"] for button in shown["buttons"]] == ["make_offer"]


async def test_an_older_card_never_replaces_a_newer_one(harness):
    async with harness.gateway():
        new = a_delivery(to(harness, "ada"), a_card(title="New"), card_key="deal:1", revision=5)
        old = a_delivery(to(harness, "ada"), a_card(title="Old"), card_key="deal:1", revision=4)
        for command in (new, old):
            await harness.deliver(command)
            await outcome(harness, command.delivery_id)
        messages = await harness.inbox("ada", wait=0)

    assert len(messages) == 1
    assert "New" in messages[0]["text"]


async def test_one_order_shows_its_reader_the_answer_and_the_card_beside_it(harness):
    async with harness.gateway():
        typed = await harness.begin("ada")
        await harness.deliver(a_delivery(to(harness, "ada"), card_key="deal:1"))
        standing = (await harness.inbox("ada", contains="A card"))[0]
        beside = Placed(target=to(harness, "ada"), card=a_card(title="Done"), card_key="deal:1")
        command = a_delivery(
            answer(harness, typed), a_card(title="Accepted"), also=(beside,), revision=2
        )
        for _ in range(2):
            await harness.deliver(command)
        shown = await harness.outcome(typed["id"])
        changed = (await harness.inbox("ada", contains="Done"))[0]
        await outcome(harness, command.delivery_id)
        rows = await harness.rows("SELECT outcome FROM deliveries ORDER BY outcome")

    assert "Accepted" in shown["message"]["text"]
    assert shown["followups"] == []
    assert changed["id"] == standing["id"]
    assert [row["outcome"] for row in rows] == ["answered", "edited", "posted"]


async def test_what_one_order_could_show_is_not_shown_again_while_the_rest_waits(harness):
    harness.owners.away = True
    secret = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    harness.owners.answers["POST /v1/links/lnk_1/url"] = (200, {"url": "https://x.example/1"})
    async with harness.gateway():
        typed = await harness.begin("ada")
        late = Placed(target=to(harness, "ada"), card=a_card(title="Late", buttons=(secret,)))
        command = a_delivery(answer(harness, typed), a_card(title="Now"), also=(late,))
        await harness.deliver(command)
        shown = await harness.outcome(typed["id"])
        await outcome(harness, command.delivery_id)
        harness.owners.away = False
        await harness.inbox("ada", contains="Late")
        after = await harness.outcome(typed["id"])
        messages = await harness.inbox("ada", wait=0, contains="Late")

    assert "Now" in shown["message"]["text"]
    assert after["followups"] == []
    assert len(messages) == 1


async def test_of_many_changes_of_a_card_the_first_is_shown_and_then_the_newest(harness):
    async with harness.gateway():
        await harness.deliver(a_delivery(to(harness, "ada"), card_key="deal:1"))
        await harness.inbox("ada", contains="A card")
        changes = [
            a_delivery(
                to(harness, "ada"), a_card(title=f"Change {n}"), card_key="deal:1", revision=n
            )
            for n in range(1, 9)
        ]
        begun = time.monotonic()
        for command in changes:
            await harness.deliver(command)
        made = [(await outcome(harness, command.delivery_id))["outcome"] for command in changes]
        elapsed_s = time.monotonic() - begun
        messages = await harness.inbox("ada", wait=0)

    assert [message["text"].splitlines()[0] for message in messages] == ["### Change 8"]
    assert made[-1] == "edited"
    assert made.count("edited") <= 1 + elapsed_s
    assert set(made[:-1]) == {"edited", "superseded"}


async def test_a_card_whose_message_was_deleted_is_posted_anew(harness):
    async with harness.gateway():
        await harness.deliver(a_delivery(in_channel(harness), card_key="listing:" + LISTING))
        posted = (await harness.inbox("ada", contains="A card"))[0]
        deleted = await harness.http.delete(f"/control/discord/messages/{posted['id']}")
        again = a_card(title="Again")
        await harness.deliver(a_delivery(in_channel(harness), again, card_key="listing:" + LISTING))
        anew = (await harness.inbox("ada", contains="Again"))[0]

    assert deleted.status_code == 204
    assert anew["id"] != posted["id"]


async def test_a_listing_in_a_channel_is_told_once_with_its_message(harness):
    async with harness.gateway():
        command = a_delivery(in_channel(harness), card_key="listing:" + LISTING)
        await harness.deliver(command)
        told = await harness.take("notifier.events")
        await harness.deliver(a_delivery(in_channel(harness), card_key="listing:" + LISTING))
        posted = (await harness.inbox("bob", contains="A card"))[0]
        nothing = await harness.nothing_on("notifier.events")

    assert told["type"] == "discord.listing_posted.v1"
    assert (told["listing_id"], told["message_id"]) == (LISTING, posted["id"])
    assert (told["guild_id"], told["channel_id"]) == (harness.guild, harness.channel)
    assert nothing


@pytest.mark.fault("G5")
async def test_closed_direct_messages_are_told_and_the_web_remains(harness):
    await harness.act(f"/users/{harness.people['ada']['id']}/dms", {"open": False})
    async with harness.gateway():
        command = a_delivery(to(harness, "ada"))
        await harness.deliver(command)
        told = await harness.take("notifier.events")

    assert told["type"] == "discord.delivery_failed.v1"
    assert (told["delivery_id"], told["reason_code"]) == (command.delivery_id, "dms_closed")


@pytest.mark.fault("G5")
async def test_a_channel_that_is_gone_is_told(harness):
    async with harness.gateway():
        gone = Target(kind="channel", channel_id="123456789012345678", guild_id=harness.guild)
        await harness.deliver(a_delivery(gone))
        told = await harness.take("notifier.events")

    assert told["reason_code"] == "discord_10003"


@pytest.mark.fault("M11")
async def test_the_same_order_ten_times_is_one_message(harness):
    command, message_id = a_delivery(to(harness, "ada")), uuid4()
    async with harness.gateway():
        for _ in range(5):
            await harness.deliver(command, message_id=message_id)
        for _ in range(5):
            await harness.deliver(command, message_id=uuid4())
        last = a_delivery(to(harness, "ada"), a_card(title="Last"))
        await harness.deliver(last)
        await harness.inbox("ada", contains="Last")
        messages = await harness.inbox("ada", wait=0, contains="A card")

    assert len(messages) == 1


@pytest.mark.fault("M9")
async def test_what_is_no_order_is_parked_and_the_next_one_is_shown(harness, broker):
    async with harness.gateway():
        await harness.raw(b'{"actor": {"discord_user_id": "1"}, "payload": {"card": 1}}')
        await harness.deliver(a_delivery(to(harness, "ada")))
        await harness.inbox("ada", contains="A card")
        parked = await harness.take("discord-gateway.deliveries.parked")

    assert parked["payload"] == {"card": 1}


async def test_a_secret_page_is_opened_by_its_reader_and_only_in_private(harness):
    page = "https://roblox.example/link/secret"
    harness.owners.answers["POST /v1/links/lnk_1/url"] = (200, {"url": page})
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with harness.gateway():
        typed = await harness.begin("ada")
        await harness.deliver(a_delivery(answer(harness, typed), a_card(buttons=(button,))))
        shown = await harness.outcome(typed["id"])
        public = a_card(title="Public", buttons=(button,))
        await harness.deliver(a_delivery(in_channel(harness), public))
        seen = (await harness.inbox("bob", contains="Public"))[0]

    assert shown["message"]["buttons"][0]["url"] == page
    assert seen["buttons"] == []
    assert harness.owners.asked[-1][1].endswith(harness.people["ada"]["id"])


async def test_a_secret_page_waits_for_an_owner_that_is_away(harness):
    harness.owners.answers["POST /v1/links/lnk_1/url"] = (200, {"url": "https://x.example/1"})
    harness.owners.away = True
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with harness.gateway():
        await harness.deliver(a_delivery(to(harness, "ada"), a_card(buttons=(button,))))
        await eventually(lambda: harness.owners.asked)
        harness.owners.away = False
        messages = await harness.inbox("ada", contains="A card")

    assert messages[0]["buttons"][0]["url"] == "https://x.example/1"


async def test_a_secret_page_that_is_refused_is_said_in_its_place(harness):
    problem = {"code": "link_used", "detail": "This link was used."}
    harness.owners.answers["POST /v1/links/lnk_1/url"] = (410, problem)
    button = SecretLinkButton(label="Open", service="identity", path="/v1/links/lnk_1/url")
    async with harness.gateway():
        await harness.deliver(a_delivery(to(harness, "ada"), a_card(buttons=(button,))))
        messages = await harness.inbox("ada", contains="A card")

    assert "This link was used." in messages[0]["text"]
    assert messages[0]["buttons"] == []


@pytest.mark.fault("G6")
async def test_a_card_comes_late_but_once_when_discord_fails_for_a_while(harness):
    fault = {"party": "discord", "match": "POST /api/v10/channels/*/messages"}
    async with harness.gateway():
        for kind in ("status", "drop_reply"):
            await harness.act("/faults", fault | {"kind": kind, "status": 503}, root="")
        command = a_delivery(to(harness, "ada"))
        await harness.deliver(command)
        made = await outcome(harness, command.delivery_id)
        messages = await harness.inbox("ada", wait=0)

    assert made["outcome"] == "posted"
    assert [message["id"] for message in messages] == [made["message_id"]]


@pytest.mark.abuse("I2")
async def test_nobody_is_pinged_by_what_a_card_holds(harness):
    words = f"@everyone <@{'1' * 18}> <@&{'2' * 18}>"
    async with harness.gateway():
        await harness.deliver(a_delivery(in_channel(harness), a_card(title=words, body=words)))
        message = (await harness.inbox("bob", contains="everyone"))[0]

    assert message["mentions"] == []


async def test_the_token_of_an_interaction_is_in_no_message_and_is_blotted_out(harness):
    async with harness.gateway() as app:
        typed = await harness.type("ada", "link", "acknowledged")
        command = await harness.take("identity.commands")
        kept = await harness.rows("SELECT token, command_id FROM pending_interactions")
        harness.clock.move(901)
        await harness.until(lambda: _blotted(app))
        after = await harness.rows("SELECT token FROM pending_interactions")

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
