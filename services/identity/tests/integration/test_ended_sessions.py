"""After logout, ban or a change of role a token stops working at every service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from chassis.http.auth import Authenticator
from chassis.problems import Problem
from chassis_client import secret_of
from identity_builders import ADMIN_DISCORD_ID, PUBLIC, Identity

WITHIN_S = 60


def a_service(identity: Identity) -> Authenticator:
    """The check of logins of another service, which has just begun."""
    transport = httpx.ASGITransport(identity.app)
    secret = secret_of("listings")
    return Authenticator(
        "http://identity", PUBLIC, identity.clock, transport, service_secret=secret
    )


@pytest.fixture
async def listings(identity: Identity) -> AsyncIterator[Authenticator]:
    made = a_service(identity)
    yield made
    await made.close()


async def end_by(identity: Identity, how: str, tokens: dict) -> None:
    """End the login as its owner, or as an administrator."""
    if how == "logout":
        async with identity.browser(tokens["access_token"]) as ann:
            assert (await ann.post("/v1/auth/logout")).status_code == 204
        return
    await identity.joined(ADMIN_DISCORD_ID)
    async with identity.browser(tokens["access_token"]) as ann:
        user_id = (await ann.get("/v1/me")).json()["id"]
    change = {"suspended": True} if how == "ban" else {"role": "ARBITRATOR"}
    async with identity.browser(await identity.session_token(ADMIN_DISCORD_ID)) as admin:
        body = change | {"reason": "for a reason"}
        answer = await admin.patch(f"/v1/admin/users/{user_id}", json=body)
        assert answer.status_code == 200, answer.text


@pytest.mark.invariant("V21")
@pytest.mark.abuse("J4")
@pytest.mark.parametrize("how", ["logout", "ban", "role"])
async def test_a_login_that_ended_is_refused_everywhere(
    identity: Identity, listings: Authenticator, how: str
):
    _, tokens = await identity.logged_in("ann")
    token = tokens["access_token"]
    assert (await listings.claims(token)).session_id.startswith("ses_")

    await end_by(identity, how, tokens)

    with pytest.raises(Problem):
        await listings.introspect(token)
    restarted = a_service(identity)
    with pytest.raises(Problem) as caught:
        await restarted.claims(token)
    assert caught.value.status == 401
    await restarted.close()


@pytest.mark.abuse("J4")
async def test_a_service_that_knew_the_token_refuses_it_within_a_minute(
    identity: Identity, listings: Authenticator
):
    _, tokens = await identity.logged_in("ann")
    await listings.claims(tokens["access_token"])
    await end_by(identity, "logout", tokens)

    async def asked_again_and_again() -> None:
        while True:
            await listings.claims(tokens["access_token"])
            await asyncio.sleep(0.2)

    with pytest.raises(Problem) as caught:
        await asyncio.wait_for(asked_again_and_again(), WITHIN_S)
    assert caught.value.status == 401


async def test_what_ended_is_listed_as_long_as_its_tokens_live(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    await identity.logged_in("ben")
    await end_by(identity, "logout", tokens)

    async def listed() -> dict:
        headers = {"X-Service-Secret": secret_of("escrow")}
        async with identity.browser() as client:
            return (await client.get("/internal/ended-sessions", headers=headers)).json()

    told = await listed()
    assert (told["complete"], len(told["ended"])) == (True, 1)
    identity.clock.advance(timedelta(minutes=15))
    assert len((await listed())["ended"]) == 1
    identity.clock.advance(timedelta(minutes=2))
    assert (await listed())["ended"] == []
