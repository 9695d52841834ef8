"""Roles: made, changed, given and taken by a bot that stands above them, and told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord_harness import APPLICATION, Harness, a_line, listening, running, told

pytestmark = pytest.mark.asyncio
GUILDS, MEMBERS = 1, 2
BAN_MEMBERS, SEND_MESSAGES = 1 << 2, 1 << 11


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    """One that allows to know members, and counts no requests."""
    async with running(privileged_intents=MEMBERS, requests_per_s=0) as made:
        yield made
    assert made.contract.violations == []


async def role(harness: Harness, name: str, **more: Any) -> str:
    """A role that somebody of the guild made, which bob holds."""
    body = {"guild": harness.guild, "user": "bob", "roles": [{"name": name, **more}]}
    return str((await harness.act("/members", body))["roles"][0])


async def person(harness: Harness, name: str) -> str:
    return str((await harness.get(f"/users/{name}"))["id"])


async def bots_role(harness: Harness) -> str:
    roles = (await harness.rest("GET", f"/guilds/{harness.guild}/roles")).json()
    return next(str(one["id"]) for one in roles if one["managed"])


async def held(harness: Harness, name: str) -> list[str]:
    path = f"/guilds/{harness.guild}/members/{await person(harness, name)}"
    return list((await harness.rest("GET", path)).json()["roles"])


async def refused(harness: Harness, method: str, path: str, **body: Any) -> tuple[int, int]:
    answer = await harness.rest(method, f"/guilds/{harness.guild}{path}", **body)
    return answer.status_code, answer.json()["code"]


async def test_discord_py_makes_gives_moves_and_deletes_a_role(harness: Harness) -> None:
    async with listening(harness, members=True) as client:
        guild = client.get_guild(int(harness.guild))
        assert guild is not None
        ada = await guild.fetch_member(int(await person(harness, "ada")))
        made = await guild.create_role(
            name="Trader", colour=discord.Colour(0x123456), hoist=True, mentionable=True,
            permissions=discord.Permissions(send_messages=True),
        )  # fmt: skip
        assert (made.position, made.colour.value, made.hoist) == (1, 0x123456, True)
        assert (await client.hears("guild_role_create")).id == made.id

        await made.edit(name="Seller", permissions=discord.Permissions(add_reactions=True))
        renamed = await client.hears("guild_role_update")
        assert (renamed.name, renamed.permissions.value) == ("Seller", 1 << 6)

        await ada.add_roles(made)
        assert made.id in [it.id for it in (await client.hears("member_update")).roles]
        assert await guild.role_member_counts() == {guild.self_role: 1, renamed: 1}
        await ada.remove_roles(made)
        assert made.id not in [it.id for it in (await client.hears("member_update", 2)).roles]
        assert (await client.http.get_role(guild.id, made.id))["name"] == "Seller"

        await made.delete()
        assert (await client.hears("guild_role_delete")).id == made.id
        assert made.id not in [it.id for it in await guild.fetch_roles()]
        assert guild.self_role is not None
        assert guild.self_role.is_bot_managed()


async def test_a_set_of_roles_and_a_nick_are_changed_at_once_or_not_at_all(
    harness: Harness,
) -> None:
    low, high = await role(harness, "Low"), await role(harness, "High", position=9)
    ada = f"/members/{await person(harness, 'ada')}"
    path = f"/guilds/{harness.guild}{ada}"

    both = await harness.rest("PATCH", path, json={"roles": [low, high]})
    assert (both.status_code, both.json()["code"]) == (403, 50013)
    assert await held(harness, "ada") == []
    given = await harness.rest("PATCH", path, json={"roles": [low]})
    assert (given.status_code, given.json()["roles"]) == (200, [low])

    unnamed = {"roles": [], "nick": "Ada"}
    assert await refused(harness, "PATCH", ada, json=unnamed) == (403, 50013)
    assert await held(harness, "ada") == [low]
    own = await harness.rest("PATCH", f"/guilds/{harness.guild}/members/@me", json={"nick": "B"})
    assert (own.json()["nick"], own.json()["user"]["id"]) == ("B", APPLICATION)
    for unknown in ({"mute": True}, {"communication_disabled_until": "2030-01-01T00:00:00Z"}):
        assert (await refused(harness, "PATCH", ada, json=unknown))[0] == 400


async def test_what_stands_above_the_bot_is_not_the_bots_to_change(harness: Harness) -> None:
    high, own = await role(harness, "High", position=9), await bots_role(harness)
    low = await role(harness, "Low")
    bob = f"/members/{await person(harness, 'bob')}/roles"

    for above in (high, own):
        changed = await refused(harness, "PATCH", f"/roles/{above}", json={"name": "x"})
        assert changed == (403, 50013)
    assert await refused(harness, "DELETE", f"/roles/{high}") == (403, 50013)
    assert await refused(harness, "PUT", f"{bob}/{high}") == (403, 50013)
    for nobodys in (own, harness.guild):
        assert await refused(harness, "DELETE", f"/roles/{nobodys}") == (400, 50028)
        assert await refused(harness, "PUT", f"{bob}/{nobodys}") == (400, 50028)
    raised = [{"id": low, "position": 5}]
    assert await refused(harness, "PATCH", "/roles", json=raised) == (403, 50013)
    more = {"permissions": str(SEND_MESSAGES | BAN_MEMBERS)}
    assert await refused(harness, "PATCH", f"/roles/{low}", json=more) == (403, 50013)
    assert await refused(harness, "POST", "/roles", json=more) == (403, 50013)
    assert await refused(harness, "GET", "/roles/1") == (404, 10011)
    assert await refused(harness, "PUT", f"/members/1/roles/{low}") == (404, 10007)


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": "x" * 101}, {"color": 1 << 24}, {"hoist": "yes"},
        {"permissions": "all"}, {"colors": {"primary_color": -1}}, {"colors": 3},
    ],
)  # fmt: skip
async def test_a_role_that_cannot_be_is_refused_field_by_field(
    harness: Harness, body: dict[str, Any]
) -> None:
    answer = await harness.rest("POST", f"/guilds/{harness.guild}/roles", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    assert list(answer.json()["errors"]) == list(body)


async def test_a_bot_that_may_not_manage_roles_reads_them_only() -> None:
    async with running(requests_per_s=0) as harness:
        body = {"name": "Strict", "bot_permissions": ["VIEW_CHANNEL"]}
        strict = await harness.act("/guilds", body)
        path = f"/guilds/{strict['id']}/roles"

        listed = await harness.rest("GET", path)
        made = await harness.rest("POST", path, json={})

        assert len(listed.json()) == 2
        assert (made.status_code, made.json()["code"]) == (403, 50013)


async def test_a_role_opens_a_channel_and_closes_it_when_it_is_taken(harness: Harness) -> None:
    """What a role allows is what the person can do, at once."""
    trader = await role(harness, "Trader")
    bob = f"/guilds/{harness.guild}/members/{await person(harness, 'bob')}/roles/{trader}"
    overwrites = [
        {"id": harness.guild, "type": 0, "deny": str(SEND_MESSAGES)},
        {"id": trader, "type": 0, "allow": str(SEND_MESSAGES)},
    ]
    path = f"/channels/{harness.general}"
    await harness.rest("PATCH", path, json={"permission_overwrites": overwrites})
    said = {"user": "bob", "channel": harness.general, "content": "x"}

    await harness.act("/messages", said)
    assert (await harness.rest("DELETE", bob)).status_code == 204
    await harness.act("/messages", said, 403)
    assert (await harness.rest("PUT", bob)).status_code == 204
    await harness.act("/messages", said)
    await harness.rest("DELETE", f"/guilds/{harness.guild}/roles/{trader}")
    await harness.act("/messages", said, 403)
    left = (await harness.rest("GET", path)).json()["permission_overwrites"]
    assert [it["id"] for it in left] == [harness.guild]
    assert await held(harness, "bob") == []


async def test_who_holds_a_role_is_told_with_the_members_intent_only(harness: Harness) -> None:
    made = await role(harness, "Trader")
    path = f"/guilds/{harness.guild}/members/{await person(harness, 'ada')}/roles/{made}"
    async with a_line(harness, GUILDS) as plain, a_line(harness, GUILDS | MEMBERS) as knowing:
        await harness.rest("PUT", path)
        await harness.rest("PUT", path)
        await harness.rest("DELETE", f"/guilds/{harness.guild}/roles/{made}")
        of_plain = await told(plain, "GUILD_ROLE_DELETE")
        of_knowing = await told(knowing, "GUILD_ROLE_DELETE")

    assert set(of_plain) == {"GUILD_ROLE_DELETE"}
    assert set(of_knowing) == {"GUILD_MEMBER_UPDATE", "GUILD_ROLE_DELETE"}
    assert of_knowing["GUILD_MEMBER_UPDATE"]["roles"] == [made]
    assert of_knowing["GUILD_MEMBER_UPDATE"]["user"]["username"] == "ada"
