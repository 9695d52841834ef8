"""One account, two people: each is told, and the later proof wins after a cooling time."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from chassis.storage.timers import Timers
from identity import jobs
from identity_builders import ADMIN_DISCORD_ID, ALICE, BOB, Identity

ANN, BEN, CAT = "700000000000000001", "700000000000000002", "700000000000000003"
CONTESTED, ENDED = "identity.link_contested.v1", "identity.link_contest_ended.v1"
COOLING = timedelta(hours=72, seconds=1)


async def has_roblox(identity: Identity, discord_id: str) -> str | None:
    return await identity.db.value(
        "SELECT a.provider_user_id FROM users u LEFT JOIN linked_accounts a"
        " ON a.user_id = u.user_id AND a.provider = 'roblox' WHERE u.discord_id = $1",
        discord_id,
    )


async def tier_of(identity: Identity, discord_id: str) -> str:
    return await identity.db.value("SELECT tier FROM users WHERE discord_id = $1", discord_id)


async def told(identity: Identity, topic: str) -> list[tuple[str, dict]]:
    people = {
        row["user_id"]: row["discord_id"]
        for row in await identity.db.rows("SELECT user_id, discord_id FROM users")
    }
    asked = "SELECT body FROM outbox WHERE topic = $1 ORDER BY position"
    bodies = [json.loads(row["body"]) for row in await identity.db.rows(asked, topic)]
    return [(people[body["user_id"]], body) for body in bodies]


async def decided(identity: Identity) -> None:
    due = jobs.register(Timers())
    while await due.once(identity.db):
        pass


@pytest.fixture
async def contested(identity: Identity) -> Identity:
    """Ann has Alice's account, and Ben has just proved it."""
    for discord_id in (ANN, BEN, CAT):
        await identity.joined(discord_id)
    assert (await identity.linked(ANN, ALICE)).status_code == 200
    page = await identity.linked(BEN, ALICE)
    assert page.status_code == 409
    assert "72 hours" in page.text
    return identity


@pytest.mark.abuse("O5")
async def test_a_second_proof_changes_nothing_yet_and_both_are_told(contested: Identity):
    assert await has_roblox(contested, ANN) == str(ALICE)
    assert await has_roblox(contested, BEN) is None
    assert [(who, body["role"]) for who, body in await told(contested, CONTESTED)] == [
        (ANN, "holder"),
        (BEN, "claimant"),
    ]
    await contested.linked(BEN, ALICE)
    assert len(await told(contested, CONTESTED)) == 2, "the same proof is told once"


@pytest.mark.abuse("O5")
async def test_the_later_proof_wins_when_the_time_is_over_and_not_before(contested: Identity):
    contested.clock.advance(timedelta(hours=71, minutes=59))
    await decided(contested)
    assert await has_roblox(contested, ANN) == str(ALICE)

    contested.clock.advance(timedelta(minutes=2))
    await decided(contested)

    assert await has_roblox(contested, ANN) is None
    assert await has_roblox(contested, BEN) == str(ALICE)
    assert (await tier_of(contested, ANN), await tier_of(contested, BEN)) == ("TIER_0", "TIER_1")
    assert {who: body["has_account"] for who, body in await told(contested, ENDED)} == {
        ANN: False,
        BEN: True,
    }
    topics = await contested.topics()
    assert topics.count("identity.account_unlinked.v1") == 1
    assert topics.count("identity.account_linked.v1") == 2


@pytest.mark.abuse("O5")
async def test_a_holder_who_proves_it_again_keeps_it(contested: Identity):
    assert (await contested.linked(ANN, ALICE)).status_code == 200
    contested.clock.advance(COOLING)
    await decided(contested)

    assert await has_roblox(contested, ANN) == str(ALICE)
    assert await has_roblox(contested, BEN) is None
    assert {who: body["has_account"] for who, body in await told(contested, ENDED)} == {
        ANN: True,
        BEN: False,
    }
    assert (await contested.topics()).count("identity.account_linked.v1") == 1
    again = await contested.browser(await contested.exchanged(ANN)).post("/v1/links", json={})
    assert again.json()["code"] == "already_linked"


async def test_a_third_proof_begins_the_time_anew(contested: Identity):
    contested.clock.advance(timedelta(hours=48))
    await contested.linked(CAT, ALICE)
    contested.clock.advance(timedelta(hours=25))
    await decided(contested)
    assert await has_roblox(contested, ANN) == str(ALICE)

    contested.clock.advance(timedelta(hours=48))
    await decided(contested)

    assert await has_roblox(contested, CAT) == str(ALICE)
    assert await has_roblox(contested, BEN) is None


async def test_a_claimant_who_cannot_have_it_gets_nothing(contested: Identity):
    assert (await contested.linked(BEN, BOB)).status_code == 200
    contested.clock.advance(COOLING)
    await decided(contested)

    assert await has_roblox(contested, ANN) == str(ALICE)
    assert await has_roblox(contested, BEN) == str(BOB)


async def test_a_suspended_claimant_gets_nothing(contested: Identity):
    async with contested.db.transaction() as tx:
        await tx.run("UPDATE users SET suspended = true WHERE discord_id = $1", BEN)
    contested.clock.advance(COOLING)
    await decided(contested)

    assert await has_roblox(contested, ANN) == str(ALICE)


async def test_a_proof_and_the_end_of_the_time_at_once_have_one_winner(contested: Identity):
    async with contested.browser() as browser:
        callback = await contested.to_callback(browser, await contested.link_url(ANN), ALICE)
        contested.clock.advance(timedelta(minutes=5))
        async with contested.db.transaction() as tx:
            await tx.run("UPDATE timers SET due_at = now() - interval '30 years'")
        page, _ = await asyncio.gather(browser.get(callback), decided(contested))

    winners = [who for who in (ANN, BEN) if await has_roblox(contested, who) == str(ALICE)]
    assert len(winners) == 1
    assert winners == ([ANN] if page.status_code == 200 else [BEN])


async def test_one_unlinks_ones_account_and_is_back_at_the_first_tier(contested: Identity):
    token = await contested.session_token(ANN)
    async with contested.browser(token) as ann:
        gone = await ann.delete("/v1/me/accounts/roblox")
        again = await ann.delete("/v1/me/accounts/roblox")
        me = (await ann.get("/v1/me")).json()

    assert (gone.status_code, again.status_code) == (204, 404)
    assert [account["provider"] for account in me["accounts"]] == ["discord"]
    assert me["tier"] == "TIER_0"
    assert (await contested.topics())[-2:] == [
        "identity.account_unlinked.v1",
        "identity.tier_changed.v1",
    ]
    contested.clock.advance(COOLING)
    await decided(contested)
    assert await has_roblox(contested, BEN) == str(ALICE)


async def test_what_unlinks_is_a_login_of_ones_own(contested: Identity):
    async with contested.browser(await contested.session_token(ANN)) as ann:
        made = await ann.post("/v1/api-keys", json={"name": "bot", "scopes": ["read", "write"]})
    for token in (made.json()["key"], await contested.exchanged(ANN)):
        async with contested.browser(token) as bot:
            refused = await bot.delete("/v1/me/accounts/roblox")
        assert (refused.status_code, refused.json()["code"]) == (403, "login_needed")
    async with contested.browser() as nobody:
        assert (await nobody.delete("/v1/me/accounts/roblox")).status_code == 401
    assert await has_roblox(contested, ANN) == str(ALICE)


async def test_no_administrator_lifts_a_tier_by_the_steps_of_links(contested: Identity):
    await contested.joined(ADMIN_DISCORD_ID)
    user_id = await contested.db.value("SELECT user_id FROM users WHERE discord_id = $1", BEN)
    async with contested.browser(await contested.session_token(ADMIN_DISCORD_ID)) as admin:
        answer = await admin.patch(
            f"/v1/admin/users/{user_id}", json={"tier": "TIER_1", "reason": "asked for it"}
        )

    assert (answer.status_code, answer.json()["code"]) == (409, "tier_move_refused")
