"""People can do what a client lets them do, and nothing else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from discord_stage import APPLICATION, Stage
from discord_tiny_bot import TinyBot

pytestmark = pytest.mark.asyncio

LISTING = {"title": "Obby", "price": 45}


async def card(stage: Stage) -> dict[str, Any]:
    """A message with buttons."""
    return dict((await stage.run("ada", "listing create", **LISTING))["message"])


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
    stage: Stage, bot: TinyBot, command: str, options: dict[str, Any], cause: str
) -> None:
    body = {"user": "ada", "guild": stage.guild, "command": command, "options": options}

    refused = await stage.http.post("/control/discord/commands", json=body)

    assert refused.status_code in (400, 404)
    assert cause in refused.json()["error"]
    assert bot.received == []


async def test_only_buttons_one_sees_and_that_are_enabled_can_be_pressed(
    stage: Stage, bot: TinyBot
) -> None:
    message = (await card(stage))["id"]

    await stage.act("/press", {"user": "eve", "message_id": message, "label": "Accept"}, 404)
    await stage.act("/press", {"user": "bob", "message_id": message, "label": "Buy"}, 404)
    await stage.act("/press", {"user": "bob", "message_id": message, "label": "Too late"}, 409)
    link = await stage.act("/press", {"user": "bob", "message_id": message, "label": "Open web"})

    assert link == {"url": "https://example.com/deal"}


async def test_an_ephemeral_answer_is_seen_by_one_person(stage: Stage, bot: TinyBot) -> None:
    await stage.run("ada", "pick", name="alpha")

    mine = (await stage.get("/inbox", user="ada", contains="picked"))["messages"]
    others = (await stage.get("/inbox", user="bob", contains="picked"))["messages"]
    by_rest = await stage.rest("GET", f"/channels/{stage.general}/messages/{mine[0]['id']}")

    assert (mine[0]["ephemeral"], others) == (True, [])
    assert by_rest.json()["code"] == 10008


async def test_the_inbox_waits_for_what_is_to_come(stage: Stage, bot: TinyBot) -> None:
    nothing = await stage.get("/inbox", user="ada", contains="picked", wait=0.2)
    assert nothing["messages"] == []

    await stage.run("ada", "pick", name="alpha")
    first = await stage.get("/inbox", user="ada")
    later = await stage.get("/inbox", user="ada", after=first["messages"][-1]["id"])
    changed = await stage.get("/inbox", user="ada", since=first["revision"])

    assert (later["messages"], changed["messages"]) == ([], [])


async def test_a_command_hidden_by_place_or_permission_is_refused(stage: Stage) -> None:
    commands = [
        {"name": "config", "description": "x", "contexts": [0]},
        {"name": "admin", "description": "x", "default_member_permissions": "8"},
    ]
    await stage.rest("PUT", f"/applications/{APPLICATION}/commands", json=commands)

    await stage.act("/commands", {"user": "ada", "command": "config"}, 403)
    admin = {"user": "ada", "guild": stage.guild, "command": "admin"}
    await stage.act("/commands", admin, 403)
    role = {"name": "Boss", "permissions": ["ADMINISTRATOR"]}
    await stage.act("/members", {"guild": stage.guild, "user": "ada", "roles": [role]})
    await stage.act("/commands", admin)


async def test_people_write_delete_leave_and_attach(stage: Stage, bot: TinyBot) -> None:
    data = base64.b64encode(b"proof").decode()
    said = {"user": "bob", "channel": stage.general, "content": "look"}
    file = {"filename": "p.txt", "content_b64": data, "content_type": "text/plain"}
    message = await stage.act("/messages", {**said, "files": [file]})
    url = message["attachments"][0]["url"]

    assert (await stage.http.get(url)).content == b"proof"
    path = f"/control/discord/messages/{message['id']}"
    assert (await stage.http.delete(path, params={"user": "ada"})).status_code == 403
    assert (await stage.http.delete(path, params={"user": "bob"})).status_code == 204
    gone = f"/control/discord/members/{stage.guild}/bob"
    assert (await stage.http.delete(gone)).status_code == 204
    await stage.act("/messages", said, 404)


async def test_a_deleted_channel_and_a_kicked_bot_are_told_to_the_bot(
    stage: Stage, bot: TinyBot
) -> None:
    market = await stage.guild_channel("market")

    await stage.http.delete(f"/control/discord/channels/{market}")
    kicked = await stage.http.delete(f"/control/discord/guilds/{stage.guild}/bot")

    assert kicked.status_code == 204
    refused = await stage.rest("GET", f"/guilds/{stage.guild}")
    assert refused.json()["code"] == 10004
    assert (await stage.rest("GET", f"/channels/{market}")).json()["code"] == 10003


async def test_bad_control_requests_are_told_what_is_wrong(stage: Stage) -> None:
    for path, body in (
        ("/users", {"name": ""}),
        ("/users", {"name": "ada"}),
        ("/guilds", {"name": "x"}),
        ("/members", {"guild": "nowhere", "user": "ada"}),
        ("/gateway", {"action": "explode"}),
        ("/messages", {"user": "ada", "content": ""}),
        ("/submit", {"user": "ada", "interaction_id": "1"}),
    ):
        answer = await stage.http.post(f"/control/discord{path}", json=body)
        assert 400 <= answer.status_code < 500, path
        assert answer.json()["error"]
