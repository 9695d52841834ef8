"""Who makes an administrator needs another one, and nothing that they have replaces that one."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest
from chassis.proposals import EXPIRE
from chassis.storage.timers import Timers
from chassis_proposals import approve
from contracts_schema.ids import new_id
from identity.jobs import register
from identity_builders import Identity, an_identity

FIRST, SECOND, ANN = "900000000000000001", "900000000000000002", "700000000000000001"
WHY = "She has run the desk for a year."
ROOT = "/v1/admin/proposals/identity"
pytestmark = pytest.mark.abuse("A13", "A14")


@pytest.fixture
async def identity(database_url, outside):
    """Whoever sets up a platform names two who become administrators by joining."""
    both = f"{FIRST},{SECOND}"
    async with an_identity(database_url, outside, bootstrap_admin_discord_ids=both) as running:
        yield running


@pytest.fixture
async def first(identity: Identity):
    await identity.joined(FIRST)
    async with identity.browser(await identity.session_token(FIRST)) as client:
        yield client


@pytest.fixture
async def second(identity: Identity):
    await identity.joined(SECOND)
    async with identity.browser(await identity.session_token(SECOND)) as client:
        yield client


@pytest.fixture
async def ann(identity: Identity) -> str:
    return (await identity.joined(ANN)).user_id


async def propose(client, user_id: str, **changes):
    change = {"role": "ADMIN", "reason": WHY} | changes
    return await client.patch(f"/v1/admin/users/{user_id}", json=change)


async def role_of(identity: Identity, user_id: str) -> str:
    return str(await identity.db.value("SELECT role FROM users WHERE user_id = $1", user_id))


async def audited(identity: Identity) -> list[tuple[str, str]]:
    sql = "SELECT action, actor FROM audit_entries WHERE action LIKE 'proposal.%' ORDER BY position"
    return [tuple(row) for row in await identity.db.rows(sql)]


async def user_id_of(client) -> str:
    return str((await client.get("/v1/me")).json()["id"])


async def test_one_proposes_and_another_approves(identity: Identity, first, second, ann):
    proposed = await propose(first, ann)
    shown = proposed.json()
    meanwhile = await role_of(identity, ann)

    answer = await approve(second, "identity", shown, {})
    again = await approve(second, "identity", shown, {})

    assert (proposed.status_code, shown["state"], shown["does"]) == (
        202,
        "PENDING",
        {"role": "ADMIN"},
    )
    assert (meanwhile, await role_of(identity, ann)) == ("USER", "ADMIN")
    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json() == again.json()
    topics = await identity.topics()
    assert topics.count("identity.role_changed.v1") == 3  # the two who were named, and Ann
    by = [await user_id_of(client) for client in (first, second)]
    assert await audited(identity) == [("proposal.propose", by[0]), ("proposal.approve", by[1])]


async def test_nobody_approves_their_own_by_whatever_credential(
    identity: Identity, first, second, ann
):
    shown = (await propose(first, ann)).json()
    scopes = {"name": "bot", "scopes": ["read", "write", "admin"]}
    key = (await first.post("/v1/api-keys", json=scopes)).json()["key"]

    answers = []
    for credential in (await identity.session_token(FIRST), key):
        async with identity.browser(credential) as client:
            answers.append(await approve(client, "identity", shown, {}))
    answers.append(await approve(first, "identity", shown, {}))

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "own_proposal")] * 3
    assert await role_of(identity, ann) == "USER"


async def test_whom_it_makes_an_administrator_does_not_decide_it(
    identity: Identity, first, second, ann
):
    await approve(second, "identity", (await propose(first, ann)).json(), {})
    async with identity.browser(await identity.session_token(ANN)) as client:
        suspended = await first.patch(
            f"/v1/admin/users/{ann}", json={"suspended": True, "reason": WHY}
        )
        back = await propose(first, ann, suspended=False)
        own = await approve(client, "identity", back.json(), {})

    assert (suspended.status_code, back.status_code) == (200, 202)  # back means: once more
    assert own.status_code == 401
    assert (await identity.db.value("SELECT suspended FROM users WHERE user_id = $1", ann)) is True


async def test_a_proposal_lasts_a_day(identity: Identity, first, second, ann):
    shown = (await propose(first, ann)).json()
    identity.clock.advance(timedelta(hours=24))
    async with identity.browser(await identity.session_token(SECOND)) as client:
        late = await approve(client, "identity", shown, {})
        await register(Timers()).once(identity.db)
        read = (await client.get(f"{ROOT}/{shown['proposal_id']}")).json()
        later = await approve(client, "identity", shown, {})

    refusals = {(one.status_code, one.json()["code"]) for one in (late, later)}
    assert refusals == {(409, "proposal_decided")}
    assert (read["state"], await role_of(identity, ann)) == ("EXPIRED", "USER")
    assert (await audited(identity))[-1] == ("proposal.expire", "timer")


async def test_what_was_rejected_is_not_done(identity: Identity, first, second, ann):
    shown = (await propose(first, ann)).json()
    path, key = f"{ROOT}/{shown['proposal_id']}/reject", {"Idempotency-Key": new_id("key")}

    rejected = await second.post(path, json={"reason": "not yet"}, headers=key)
    answer = await approve(second, "identity", shown, {})

    assert (rejected.status_code, rejected.json()["state"]) == (200, "REJECTED")
    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_decided")
    timers = "SELECT count(*) FROM timers WHERE kind = $1"
    assert (await role_of(identity, ann), await identity.db.value(timers, EXPIRE)) == ("USER", 0)
    assert [action for action, _ in await audited(identity)][-1] == "proposal.reject"


async def test_only_what_was_seen_is_approved(identity: Identity, first, second, ann):
    shown = (await propose(first, ann)).json()

    other = await approve(second, "identity", shown, {}, sha256="0" * 64)
    await second.patch(f"/v1/admin/users/{ann}", json={"role": "ARBITRATOR", "reason": WHY})
    moved = await approve(second, "identity", shown, {})

    assert (other.status_code, other.json()["code"]) == (409, "proposal_differs")
    assert (moved.status_code, moved.json()["code"]) == (409, "proposal_outdated")
    assert await role_of(identity, ann) == "ARBITRATOR"


async def test_a_proposal_of_who_is_no_administrator_any_more_is_not_done(
    identity: Identity, first, second, ann
):
    shown = (await propose(first, ann)).json()
    revoked = {"role": "USER", "reason": WHY}
    await second.patch(f"/v1/admin/users/{await user_id_of(first)}", json=revoked)

    answer = await approve(second, "identity", shown, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "proposer_gone")
    assert await role_of(identity, ann) == "USER"


async def test_what_cannot_be_done_is_not_proposed(identity: Identity, first, ann):
    mine = await propose(first, await user_id_of(first), suspended=False)
    nobody = await propose(first, new_id("usr"))
    tier = await propose(first, ann, tier="TIER_2")
    stale = await first.patch(
        f"/v1/admin/users/{ann}",
        json={"role": "ADMIN", "reason": WHY},
        headers={"If-Match": '"7"'},
    )

    answers = (mine, nobody, tier, stale)
    assert [one.status_code for one in answers] == [403, 404, 409, 412]
    assert await audited(identity) == []


async def test_the_database_keeps_what_was_proposed_and_refuses_approval_by_its_proposer(
    identity: Identity, first, ann
):
    await propose(first, ann)

    for change in ("does = '{}'", "proposed_by = 'usr_1'", "sha256 = ''", "expires_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await identity.db.pool.execute(f"UPDATE proposals SET {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await identity.db.pool.execute("DELETE FROM proposals")
    with pytest.raises(asyncpg.CheckViolationError):
        await identity.db.pool.execute(
            "UPDATE proposals SET state = 'DONE', decided_by = proposed_by"
        )
