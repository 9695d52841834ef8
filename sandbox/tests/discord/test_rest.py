"""The REST API refuses what Discord refuses, in Discord's words."""

from __future__ import annotations

from typing import Any

import pytest
from discord_harness import APPLICATION, Harness

pytestmark = pytest.mark.asyncio
V2 = 1 << 15


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    """An action row."""
    return {"type": 1, "components": list(buttons)}


def button(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A button."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": f"go:{number}", **changes}


def text(content: str) -> dict[str, Any]:
    """A text display."""
    return {"type": 10, "content": content}


BAD_MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    ({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}, "embeds.0.fields.0.name"),
    ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 4000}]}, "embeds"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
    ({"components": [row(button(custom_id="x" * 101))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(1), button(1))]}, "components.0.components.1.custom_id"),
    ({"components": [row(*(button(n) for n in range(6)))]}, "components.0.components"),
    ({"components": [row(button(n)) for n in range(6)]}, "components"),
    ({"components": [row(button(style=5))]}, "components.0.components.0"),
    ({"components": [text("needs the flag")]}, "components.0.type"),
    ({"flags": V2, "content": "x", "components": [text("x")]}, "content"),
    ({"flags": V2, "embeds": [{"title": "x"}], "components": [text("x")]}, "embeds"),
    ({"flags": V2, "components": [text("x")] * 41}, "components"),
    ({"flags": V2, "components": [text("x" * 2001), text("x" * 2000)]}, "components"),
    ({"content": "x", "allowed_mentions": {"parse": ["nobody"]}}, "allowed_mentions.parse.0"),
    (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
    ),
    ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
]


@pytest.mark.parametrize(("body", "path"), BAD_MESSAGES)
async def test_a_message_outside_the_limits_is_refused_with_the_field_named(
    harness: Harness, body: dict[str, Any], path: str
) -> None:
    answer = await harness.rest("POST", f"/channels/{harness.general}/messages", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    node = answer.json()["errors"]
    for part in path.split("."):
        node = node[part]
    assert "_errors" in node
    assert (await harness.get("/inbox", user="ada"))["messages"] == []


async def test_an_empty_message_and_broken_json_are_refused(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"

    empty = await harness.rest("POST", path, json={})
    broken = await harness.rest("POST", path, content=b"{")

    assert (empty.status_code, empty.json()["code"]) == (400, 50006)
    assert (broken.status_code, broken.json()["code"]) == (400, 50109)


async def test_a_message_is_written_read_edited_listed_and_deleted(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"
    embed = {"title": "T", "fields": [{"name": "a", "value": "b"}], "footer": {"text": "f"}}
    link = {"type": 2, "style": 5, "label": "Web", "url": "https://example.com"}
    body = {"content": "one", "embeds": [embed], "components": [row(button(), link)]}

    first = (await harness.rest("POST", path, json=body)).json()
    reference = {"message_id": first["id"], "channel_id": harness.general}
    reply = await harness.rest(
        "POST", path, json={"content": "two", "message_reference": reference}
    )
    edited = await harness.rest("PATCH", f"{path}/{first['id']}", json={"content": "1"})
    listed = await harness.rest("GET", path, params={"limit": 1})

    assert edited.json()["embeds"][0]["title"] == "T", "what is not given stays"
    assert edited.json()["edited_timestamp"]
    assert [m["id"] for m in listed.json()] == [reply.json()["id"]]
    assert reply.json()["referenced_message"]["id"] == first["id"]
    assert (await harness.rest("DELETE", f"{path}/{first['id']}")).status_code == 204
    gone = await harness.rest("GET", f"{path}/{first['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, 10008)


async def test_components_v2_are_kept_numbered_and_can_never_be_left(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"
    thumbnail = {"type": 11, "media": {"url": "https://example.com/a.png"}}
    select = {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]}
    inside = [
        text("# Deal"),
        {"type": 9, "components": [text("pay")], "accessory": button()},
        {"type": 9, "components": [text("see")], "accessory": thumbnail},
        {"type": 14},
        {"type": 12, "items": [{"media": {"url": "https://example.com/b.png"}}]},
        row(select),
    ]
    body = {"flags": V2, "components": [{"type": 17, "components": inside}]}

    made = (await harness.rest("POST", path, json=body)).json()
    back = await harness.rest("PATCH", f"{path}/{made['id']}", json={"content": "x", "flags": 0})

    numbers = [c["id"] for c in made["components"][0]["components"]]
    assert len(set(numbers)) == len(numbers)
    assert back.json()["code"] == 50035
    (seen,) = (await harness.get("/inbox", user="bob"))["messages"]
    assert seen["text"] == "# Deal\npay\nsee"
    assert seen["selects"][0]["options"][0]["value"] == "a"


async def test_mentions_ping_only_whom_allowed_mentions_lets(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"
    ada = (await harness.get("/users/ada"))["id"]
    content = f"<@{ada}> @everyone"

    default = (await harness.rest("POST", path, json={"content": content})).json()
    silent = {"content": content, "allowed_mentions": {"parse": []}}
    quiet = (await harness.rest("POST", path, json=silent)).json()

    assert [u["id"] for u in default["mentions"]] == [ada]
    assert not default["mention_everyone"], "the bot lacks MENTION_EVERYONE"
    assert quiet["mentions"] == []


async def test_files_are_stored_and_can_be_read(harness: Harness) -> None:
    path = f"/channels/{harness.general}/messages"
    payload = '{"content": "see", "attachments": [{"id": 0, "description": "the contract"}]}'
    files = {"files[0]": ("c.pdf", b"%PDF-1.7", "application/pdf")}

    answer = await harness.rest("POST", path, data={"payload_json": payload}, files=files)

    (attachment,) = answer.json()["attachments"]
    assert attachment["description"] == "the contract"
    read = await harness.http.get(attachment["url"])
    assert (read.content, read.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")


async def test_closed_direct_messages_are_refused(harness: Harness) -> None:
    eve = await harness.act("/users/eve/dms", {"open": False}, 200)

    opened = await harness.rest(
        "POST", "/users/@me/channels", json={"recipient_id": int(eve["id"])}
    )
    path = f"/channels/{opened.json()['id']}/messages"
    refused = await harness.rest("POST", path, json={"content": "hello"})
    await harness.act("/users/eve/dms", {"open": True}, 200)
    taken = await harness.rest("POST", path, json={"content": "hello"})

    assert (refused.status_code, refused.json()["code"]) == (403, 50007)
    assert taken.status_code == 200


async def test_channels_guilds_members_and_roles_read_as_described(harness: Harness) -> None:
    ada = (await harness.get("/users/ada"))["id"]
    guild = f"/guilds/{harness.guild}"
    for path in (
        "/users/@me", "/users/@me/guilds", f"/users/{ada}", "/oauth2/applications/@me",
        "/applications/@me", "/gateway", "/gateway/bot", guild, f"{guild}/channels",
        f"{guild}/roles", f"{guild}/members/{ada}", f"{guild}/threads/active",
        f"/channels/{harness.general}",
    ):  # fmt: skip
        answer = await harness.rest("GET", path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "application/json"
    category = {"name": "MARKETPLACE", "type": 4}
    parent = (await harness.rest("POST", f"{guild}/channels", json=category)).json()
    child = {"name": "under-5k", "type": 0, "parent_id": parent["id"], "topic": "cheap"}
    made = await harness.rest("POST", f"{guild}/channels", json=child)
    changed = await harness.rest("PATCH", f"/channels/{made.json()['id']}", json={"topic": "new"})
    assert (made.status_code, changed.json()["topic"]) == (201, "new")
    assert (await harness.rest("DELETE", f"/channels/{made.json()['id']}")).status_code == 200


async def test_a_private_thread_is_seen_by_its_members_only(harness: Harness) -> None:
    body = {"name": "deal 1", "type": 12, "invitable": False}
    thread = await harness.rest("POST", f"/channels/{harness.general}/threads", json=body)
    path = f"/channels/{thread.json()['id']}"
    ada, eve = [(await harness.get(f"/users/{name}"))["id"] for name in ("ada", "eve")]

    joined = await harness.rest("PUT", f"{path}/thread-members/{ada}")
    stranger = await harness.rest("PUT", f"{path}/thread-members/{eve}")
    await harness.rest("POST", f"{path}/messages", json={"content": "only us"})

    assert (thread.status_code, joined.status_code) == (201, 204)
    assert stranger.status_code == 403
    (seen,) = (await harness.get("/inbox", user="ada"))["messages"]
    assert seen["channel"]["kind"] == "private_thread"
    assert (await harness.get("/inbox", user="bob"))["messages"] == []


async def test_a_channel_the_bot_cannot_see_or_write_is_refused(harness: Harness) -> None:
    secret = {"guild": harness.guild, "name": "secret"}
    hidden = await harness.act(
        "/channels", {**secret, "overwrites": [deny(harness.guild, 1 << 10)]}
    )
    quiet = await harness.act("/channels", {**secret, "overwrites": [deny(harness.guild, 1 << 11)]})

    one = await harness.rest("POST", f"/channels/{hidden['id']}/messages", json={"content": "x"})
    two = await harness.rest("POST", f"/channels/{quiet['id']}/messages", json={"content": "x"})
    none = await harness.rest("GET", "/channels/1")

    assert (one.status_code, one.json()["code"]) == (403, 50001)
    assert (two.status_code, two.json()["code"]) == (403, 50013)
    assert (none.status_code, none.json()["code"]) == (404, 10003)


def deny(role_id: str, bits: int) -> dict[str, Any]:
    """An overwrite that takes permissions from a role."""
    return {"id": role_id, "type": 0, "allow": "0", "deny": str(bits)}


async def test_a_wrong_token_and_an_unknown_route_are_refused_and_counted(harness: Harness) -> None:
    wrong = {"Authorization": "Bot nonsense"}

    unauthorized = await harness.http.get("/discord/api/v10/users/@me", headers=wrong)
    missing = await harness.rest("GET", "/no/such/route")

    assert unauthorized.json() == {"message": "401: Unauthorized", "code": 0}
    assert unauthorized.status_code == 401
    assert missing.json() == {"message": "404: Not Found", "code": 0}
    assert (await harness.get("/stats"))["invalid_responses"] == 1


BAD_COMMANDS: list[dict[str, Any]] = [
    {"name": "Upper", "description": "x"},
    {"name": "two words", "description": "x"},
    {"name": "ok", "description": ""},
    {"name": "ok", "description": "x" * 101},
    {"name": "ok", "description": "x", "options": [{"type": 99, "name": "a", "description": "a"}]},
    {
        "name": "ok",
        "description": "x",
        "options": [
            {"type": 3, "name": "a", "description": "a"},
            {"type": 3, "name": "b", "description": "b", "required": True},
        ],
    },
    {"name": "A menu", "type": 3, "description": "not allowed"},
]


@pytest.mark.parametrize("command", BAD_COMMANDS)
async def test_a_command_outside_the_limits_is_not_registered(
    harness: Harness, command: dict[str, Any]
) -> None:
    path = f"/applications/{APPLICATION}/commands"

    answer = await harness.rest("PUT", path, json=[command])

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    assert (await harness.rest("GET", path)).json() == []


async def test_commands_keep_their_ids_over_a_sync_and_guild_commands_come_first(
    harness: Harness,
) -> None:
    path = f"/applications/{APPLICATION}/commands"
    in_guild = f"/applications/{APPLICATION}/guilds/{harness.guild}/commands"
    ping = {"name": "ping", "description": "Pong", "contexts": [0]}

    first = (await harness.rest("PUT", path, json=[ping])).json()
    second = (await harness.rest("PUT", path, json=[ping, {**ping, "name": "pong"}])).json()
    made = await harness.rest("POST", in_guild, json=ping)
    changed = await harness.rest("PATCH", f"{path}/{first[0]['id']}", json={"description": "P"})

    assert first[0]["id"] == second[0]["id"]
    assert (made.status_code, made.json()["guild_id"]) == (201, harness.guild)
    assert changed.json()["description"] == "P"
    assert (await harness.rest("DELETE", f"{path}/{first[0]['id']}")).status_code == 204
    assert (await harness.rest("GET", f"{path}/{first[0]['id']}")).json()["code"] == 10063
