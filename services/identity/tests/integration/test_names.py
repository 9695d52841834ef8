"""What contracts is told of the parties: the accounts they proved, by the names told then."""

from __future__ import annotations

import pytest
from chassis_client import secret_of
from identity_builders import ALICE, Identity

ANN, BEN = "700000000000000001", "700000000000000002"


async def told(identity: Identity, *user_ids: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Each person's accounts: id and name, by provider."""
    async with identity.browser() as client:
        answer = await client.post(
            "/internal/accounts",
            json={"user_ids": user_ids},
            headers={"X-Service-Secret": secret_of("contracts")},
        )
    assert answer.status_code == 200, answer.text
    return {
        user_id: {each["provider"]: (each["provider_user_id"], each["name"]) for each in known}
        for user_id, known in answer.json()["people"].items()
    }


async def test_who_linked_is_known_by_the_names_of_both_accounts(identity: Identity):
    ann, ben = await identity.joined(ANN), await identity.joined(BEN)

    await identity.linked(ANN, ALICE)
    people = await told(identity, ann.user_id, ben.user_id)

    assert people[ann.user_id].keys() == {"discord", "roblox"}
    account_id, discord_name = people[ann.user_id]["discord"]
    assert account_id == ANN
    assert discord_name
    account_id, roblox_name = people[ann.user_id]["roblox"]
    assert account_id == str(ALICE)
    assert roblox_name
    assert people[ben.user_id] == {"discord": (BEN, "")}


async def test_a_name_is_forgotten_with_its_account(identity: Identity):
    ann = await identity.joined(ANN)
    await identity.linked(ANN, ALICE)
    async with identity.browser(await identity.session_token(ANN)) as client:
        assert (await client.delete("/v1/me/accounts/roblox")).status_code == 204

    assert (await told(identity, ann.user_id))[ann.user_id].keys() == {"discord"}
    assert await identity.db.rows("SELECT 1 FROM account_names WHERE provider = 'roblox'") == []


@pytest.mark.abuse("O6")
async def test_a_login_changes_the_name_and_never_whose_account_it_is(identity: Identity):
    ann = await identity.joined(ANN)
    await identity.linked(ANN, ALICE)
    async with identity.db.transaction() as tx:
        await tx.run("UPDATE account_names SET name = 'as it was'")

    await identity.login(ANN)
    people = await told(identity, ann.user_id)

    assert people[ann.user_id]["discord"][0] == ANN
    assert people[ann.user_id]["discord"][1] not in ("", "as it was")
    assert people[ann.user_id]["roblox"] == (str(ALICE), "as it was")
    for event in await identity.db.rows("SELECT body, headers FROM outbox"):
        assert people[ann.user_id]["discord"][1] not in event["body"].decode()


async def test_nobody_is_told_of_more_people_than_a_contract_has(identity: Identity):
    ann = await identity.joined(ANN)
    async with identity.browser() as client:
        answers = [
            await client.post(
                "/internal/accounts",
                json={"user_ids": asked},
                headers={"X-Service-Secret": secret_of("contracts")},
            )
            for asked in ([], [ann.user_id] * 3, ["usr_nobody"])
        ]

    assert [one.status_code for one in answers] == [422, 422, 422]
