"""People can do what a client lets them do, and nothing else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from discord_harness import APPLICATION, Harness
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio

LISTING = {"title": "Obby", "price": 45}


async def card(harness: Harness) -> dict[str, Any]:
    """A message with buttons."""
    return dict((await harness.run("ada", "listing create", **LISTING))["message"])


@pytest.mark.parametrize(
    ("command", "options", "cause"),
    [
        ("never synced", {}, "synced"),
        ("listing", {}, "synced"),
        ("listing create", {"title": "Obby"}, "required"),
        ("listing create", {**LISTING, "title": "Ob"}, "3 to 20"),
        ("listing create", {**LISTING, "price": "45"}, "not a int"),
        ("listing create", {**LISTING, "price": 0}, "outside"),
        ("listing create", {**LISTING, "kind": "car"}, "choose"),
        ("listing create", {**LISTING, "guest": "nobody"}, "nothing here"),
        ("listing create", {**LISTING, "colour": "red"}, "no option"),
    ],
)
async def test_a_command_the_client_would_not_send_is_refused(
    harness: Harness, bot: TinyBot, command: str, options: dict[str, Any], cause: str
) -> None:
    body = {"user": "ada", "guild": harness.guild, "command": command, "options": options}

    refused = await harness.http.post("/control/discord/commands", json=body)

    assert refused.status_code in (400, 404)
    assert cause in refused.json()["error"]
    assert bot.received == []


async def test_only_buttons_one_sees_and_that_are_enabled_can_be_pressed(
    harness: Harness, bot: TinyBot
) -> None:
    message = (await card(harness))["id"]

    await harness.act("/press", {"user": "eve", "message_id": message, "label": "Accept"}, 404)
    await harness.act("/press", {"user": "bob", "message_id": message, "label": "Buy"}, 404)
    await harness.act("/press", {"user": "bob", "message_id": message, "label": "Too late"}, 409)
    link = await harness.act("/press", {"user": "bob", "message_id": message, "label": "Open web"})

    assert link == {"url": "https://example.com/deal"}


async def test_an_ephemeral_answer_is_seen_by_one_person(harness: Harness, bot: TinyBot) -> None:
    await harness.run("ada", "pick", name="alpha")

    mine = (await harness.get("/inbox", user="ada", contains="picked"))["messages"]
    others = (await harness.get("/inbox", user="bob", contains="picked"))["messages"]
    by_rest = await harness.rest("GET", f"/channels/{harness.general}/messages/{mine[0]['id']}")

    assert (mine[0]["ephemeral"], others) == (True, [])
    assert by_rest.json()["code"] == 10008


async def test_the_inbox_waits_for_what_is_to_come(harness: Harness, bot: TinyBot) -> None:
    nothing = await harness.get("/inbox", user="ada", contains="picked", wait=0.2)
    assert nothing["messages"] == []

    await harness.run("ada", "pick", name="alpha")
    first = await harness.get("/inbox", user="ada")
    later = await harness.get("/inbox", user="ada", after=first["messages"][-1]["id"])
    changed = await harness.get("/inbox", user="ada", since=first["revision"])

    assert (later["messages"], changed["messages"]) == ([], [])


async def test_a_command_hidden_by_place_or_permission_is_refused(harness: Harness) -> None:
    commands = [
        {"name": "config", "description": "x", "contexts": [0]},
        {"name": "admin", "description": "x", "default_member_permissions": "8"},
    ]
    await harness.rest("PUT", f"/applications/{APPLICATION}/commands", json=commands)

    await harness.act("/commands", {"user": "ada", "command": "config"}, 403)
    admin = {"user": "ada", "guild": harness.guild, "command": "admin"}
    await harness.act("/commands", admin, 403)
    role = {"name": "Boss", "permissions": ["ADMINISTRATOR"]}
    await harness.act("/members", {"guild": harness.guild, "user": "ada", "roles": [role]})
    await harness.act("/commands", admin)


async def test_people_write_delete_leave_and_attach(harness: Harness, bot: TinyBot) -> None:
    data = base64.b64encode(b"proof").decode()
    said = {"user": "bob", "channel": harness.general, "content": "look"}
    file = {"filename": "p.txt", "content_b64": data, "content_type": "text/plain"}
    message = await harness.act("/messages", {**said, "files": [file]})
    url = message["attachments"][0]["url"]

    assert (await harness.http.get(url)).content == b"proof"
    path = f"/control/discord/messages/{message['id']}"
    assert (await harness.http.delete(path, params={"user": "ada"})).status_code == 403
    assert (await harness.http.delete(path, params={"user": "bob"})).status_code == 204
    gone = f"/control/discord/members/{harness.guild}/bob"
    assert (await harness.http.delete(gone)).status_code == 204
    await harness.act("/messages", said, 404)


async def test_a_deleted_channel_and_a_kicked_bot_are_told_to_the_bot(
    harness: Harness, bot: TinyBot
) -> None:
    market = await harness.guild_channel("market")

    await harness.http.delete(f"/control/discord/channels/{market}")
    kicked = await harness.http.delete(f"/control/discord/guilds/{harness.guild}/bot")

    assert kicked.status_code == 204
    refused = await harness.rest("GET", f"/guilds/{harness.guild}")
    assert refused.json()["code"] == 10004
    assert (await harness.rest("GET", f"/channels/{market}")).json()["code"] == 10003


async def test_bad_control_requests_are_told_what_is_wrong(harness: Harness) -> None:
    for path, body in (
        ("/users", {"name": ""}),
        ("/users", {"name": "ada"}),
        ("/guilds", {"name": "x"}),
        ("/members", {"guild": "nowhere", "user": "ada"}),
        ("/gateway", {"action": "explode"}),
        ("/messages", {"user": "ada", "content": ""}),
        ("/submit", {"user": "ada", "interaction_id": "1"}),
    ):
        answer = await harness.http.post(f"/control/discord{path}", json=body)
        assert 400 <= answer.status_code < 500, path
        assert answer.json()["error"]
