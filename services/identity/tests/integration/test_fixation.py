"""A session that somebody prepared, and credentials in an address, are good for nothing."""

from __future__ import annotations

import pytest
from identity_builders import TERMS, Identity


async def _sessions(identity: Identity) -> set[str]:
    rows = await identity.db.rows("SELECT session_id FROM sessions WHERE ended_at IS NULL")
    return {row["session_id"] for row in rows}


@pytest.mark.abuse("J6")
async def test_a_login_begins_a_session_of_its_own_whatever_the_browser_brought(identity: Identity):
    _, attacker = await identity.logged_in("mallory")
    theirs = await _sessions(identity)
    victim = await identity.outside.discord_person("ann")
    async with identity.browser() as browser:
        browser.cookies.set("holdfast_refresh", attacker["refresh_token"], path="/v1/auth")
        begun = await browser.post(
            "/v1/auth/discord/url", json={"consent": True, "terms_version": TERMS}
        )
        ended = await browser.get(await identity.outside.allow(begun.json()["url"], victim))
    tokens = ended.json()

    assert tokens["refresh_token"] != attacker["refresh_token"]
    [new] = await _sessions(identity) - theirs
    owner = await identity.db.value(
        "SELECT discord_id FROM sessions JOIN users USING (user_id) WHERE session_id = $1", new
    )
    assert owner == victim
    async with identity.browser(attacker["access_token"]) as client:
        assert (await client.get("/v1/me")).json()["discord_id"] != victim


@pytest.mark.abuse("J6")
async def test_a_refresh_gives_another_token_and_the_one_before_is_spent(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    body = {"refresh_token": tokens["refresh_token"]}
    async with identity.browser() as client:
        renewed = (await client.post("/v1/auth/refresh", json=body)).json()
        again = await client.post("/v1/auth/refresh", json=body)

    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert again.status_code == 401


@pytest.mark.abuse("J6")
@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "api_key", "key"])
async def test_a_credential_in_an_address_is_none(identity: Identity, name: str):
    _, tokens = await identity.logged_in("ann")
    sent = [tokens["access_token"], f"Bearer {tokens['access_token']}"]
    async with identity.browser() as client:
        answers = [await client.get("/v1/me", params={name: each}) for each in sent]
        refreshed = await client.post(
            "/v1/auth/refresh", params={"refresh_token": tokens["refresh_token"]}
        )

    assert [it.status_code for it in (*answers, refreshed)] == [401] * 3


@pytest.mark.abuse("J6")
async def test_no_token_stands_in_an_address_that_a_login_leads_through(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    body = {"consent": True, "terms_version": TERMS, "redirect_to": "/listings"}
    async with identity.browser() as browser:
        begun = (await browser.post("/v1/auth/discord/url", json=body)).json()["url"]
        ended = await browser.get(await identity.outside.allow(begun, discord_id))

    for address in (begun, ended.headers["Location"]):
        assert "hfr_" not in address
        assert "eyJ" not in address
