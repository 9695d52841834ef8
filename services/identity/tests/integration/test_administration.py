"""Tiers, roles and suspension by team members; what an ordinary person may not do."""

from __future__ import annotations

import pytest
from contracts_schema.ids import new_id
from identity_builders import ADMIN_DISCORD_ID, ALICE, Identity

ANN = "700000000000000001"
WHY = {"reason": "seen the passport"}


@pytest.fixture
async def admin(identity: Identity):
    await identity.joined(ADMIN_DISCORD_ID)
    async with identity.browser(await identity.session_token(ADMIN_DISCORD_ID)) as client:
        yield client


async def test_tier_2_is_granted_with_a_reason_and_told(identity: Identity, admin):
    ann = await identity.joined(ANN)
    await identity.linked(ANN, ALICE)

    answer = await admin.patch(f"/v1/admin/users/{ann.user_id}", json={"tier": "TIER_2"} | WHY)

    assert answer.status_code == 200
    assert (answer.json()["tier"], answer.headers["ETag"]) == ("TIER_2", '"3"')
    assert (await identity.topics())[-1] == "identity.tier_changed.v1"
    entry = await identity.db.row(
        "SELECT actor, subject_id, reason FROM audit_entries"
        " WHERE action = 'user.tier' AND reason <> 'account linked'"
    )
    assert entry["reason"] == "seen the passport"
    assert entry["subject_id"] == ann.user_id
    assert entry["actor"].startswith("usr_")
    async with identity.browser() as anybody:
        card = (await anybody.get(f"/v1/users/{ann.user_id}")).json()
    assert card.keys() == {"id", "tier", "member_since"}
    assert card["tier"] == "TIER_2"


async def test_tier_2_needs_a_linked_account(identity: Identity, admin):
    ann = await identity.joined(ANN)
    for tier in ("TIER_1", "TIER_2"):
        answer = await admin.patch(f"/v1/admin/users/{ann.user_id}", json={"tier": tier} | WHY)
        assert (answer.status_code, answer.json()["code"]) == (409, "tier_move_refused")


async def test_a_version_that_moved_is_refused(identity: Identity, admin):
    ann = await identity.joined(ANN)
    path, change = f"/v1/admin/users/{ann.user_id}", {"role": "ARBITRATOR"} | WHY

    stale = await admin.patch(path, json=change, headers={"If-Match": '"7"'})
    good = await admin.patch(path, json=change, headers={"If-Match": '"1"'})

    assert (stale.status_code, good.status_code) == (412, 200)


async def test_a_change_that_changes_nothing_tells_nothing(identity: Identity, admin):
    ann = await identity.joined(ANN)
    before = await identity.topics()

    answer = await admin.patch(f"/v1/admin/users/{ann.user_id}", json={"role": "USER"} | WHY)

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert await identity.topics() == before


async def test_a_suspended_person_is_out_everywhere_and_in_again_when_reinstated(
    identity: Identity, admin
):
    discord_id, tokens = await identity.logged_in("ann")
    async with identity.browser(tokens["access_token"]) as ann:
        me = (await ann.get("/v1/me")).json()
        path = f"/v1/admin/users/{me['id']}"
        assert (await admin.patch(path, json={"suspended": True} | WHY)).status_code == 200

        refused = await ann.post("/v1/links", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "suspended")
        assert (await ann.delete("/v1/me/sessions")).status_code == 401
        spent = await ann.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert spent.status_code == 401
        assert await identity.introspected(tokens["access_token"]) == {"active": False}
    again = await identity.login(discord_id)
    assert (again.status_code, again.json()["code"]) == (403, "suspended")

    await admin.patch(path, json={"suspended": False} | WHY)

    assert (await identity.login(discord_id)).status_code == 200
    assert (await identity.topics())[-2:] == [
        "identity.user_suspended.v1",
        "identity.user_reinstated.v1",
    ]


async def test_a_change_of_role_ends_the_logins_of_the_old_one(identity: Identity, admin):
    _, tokens = await identity.logged_in("ann")
    async with identity.browser(tokens["access_token"]) as ann:
        user_id = (await ann.get("/v1/me")).json()["id"]
        change = {"role": "ARBITRATOR"} | WHY
        assert (await admin.patch(f"/v1/admin/users/{user_id}", json=change)).status_code == 200

        assert (await ann.delete("/v1/me/sessions")).status_code == 401


async def test_an_administrator_cannot_change_themselves(admin):
    me = (await admin.get("/v1/me")).json()["id"]

    answer = await admin.patch(f"/v1/admin/users/{me}", json={"role": "USER"} | WHY)

    assert (answer.status_code, answer.json()["code"]) == (403, "own_account")


async def test_only_administrators_change_people_and_learn_who_exists(identity: Identity):
    ben = await identity.joined("700000000000000002")
    await identity.joined(ANN)
    async with identity.browser(await identity.exchanged(ANN)) as ann:
        for user_id in (ben.user_id, new_id("usr")):
            answer = await ann.patch(f"/v1/admin/users/{user_id}", json={"suspended": True} | WHY)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    async with identity.browser() as nobody:
        answer = await nobody.patch(f"/v1/admin/users/{ben.user_id}", json=WHY | {"tier": "TIER_0"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {},
        WHY,
        {"tier": "TIER_2"},
        {"reason": "  ", "tier": "TIER_2"},
        {"reason": "a\x00b c", "tier": "TIER_2"},
        WHY | {"tier": "TIER_9"},
        WHY | {"role": "OWNER"},
        WHY | {"suspended": "maybe"},
        WHY | {"suspended": True, "discord_id": "1"},
    ],
)
async def test_a_malformed_change_is_refused(identity: Identity, admin, change: dict):
    ann = await identity.joined(ANN)

    assert (await admin.patch(f"/v1/admin/users/{ann.user_id}", json=change)).status_code == 422


async def test_a_person_who_does_not_exist_is_404(admin):
    change = WHY | {"suspended": True}
    assert (await admin.patch(f"/v1/admin/users/{new_id('usr')}", json=change)).status_code == 404
