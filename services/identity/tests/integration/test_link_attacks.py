"""Whoever sends their own link to somebody else gets nothing of theirs."""

from __future__ import annotations

import httpx
import pytest
from chassis.cause import Cause
from identity_builders import ALICE, PUBLIC, Identity, an_identity, query_of

MALLORY, VICTIM = "700000000000000001", "700000000000000002"
ROBLOX = "SELECT user_id FROM linked_accounts WHERE provider = 'roblox'"


async def follow(identity: Identity, browser: httpx.AsyncClient, url: str) -> httpx.Response:
    """Allow whatever page comes, as the victim and from the victim's accounts."""
    await identity.outside.known(VICTIM)
    page = await browser.get(url)
    while page.status_code in (302, 303):
        location = page.headers["Location"]
        account = VICTIM if "/discord/" in location else ALICE
        page = await browser.get(await identity.outside.allow(location, account))
    return page


@pytest.mark.abuse("O1")
async def test_a_victim_who_follows_an_attackers_link_gives_nothing_away(identity: Identity):
    await identity.joined(MALLORY)
    await identity.joined(VICTIM)
    url = await identity.link_url(MALLORY)

    async with identity.browser() as browser:
        page = await follow(identity, browser, url)

    assert await identity.db.rows(ROBLOX) == []
    assert page.status_code == 403
    assert "another Discord account" in page.text
    audited = "SELECT reason FROM audit_entries WHERE action = 'link.refused'"
    assert await identity.db.value(audited) == "another_discord_account"


@pytest.mark.abuse("O1")
async def test_a_victim_who_never_joined_gives_nothing_away_either(identity: Identity):
    await identity.joined(MALLORY)
    url = await identity.link_url(MALLORY)

    async with identity.browser() as browser:
        page = await follow(identity, browser, url)

    assert page.status_code == 403
    assert await identity.db.rows(ROBLOX) == []


@pytest.mark.abuse("O1")
async def test_a_login_that_the_attacker_began_is_not_finished_in_the_victims_browser(
    identity: Identity,
):
    await identity.joined(MALLORY)
    async with identity.browser() as mallory, identity.browser() as victim:
        opened = await mallory.get(await identity.link_url(MALLORY))
        await identity.outside.known(MALLORY)
        at_discord = await identity.outside.allow(opened.headers["Location"], MALLORY)
        assert (await victim.get(at_discord)).status_code == 400

        location = await identity.to_roblox(mallory, await identity.link_url(MALLORY))
        at_roblox = await identity.outside.allow(location, ALICE)
        assert (await victim.get(at_roblox)).status_code == 400

    assert await identity.db.rows(ROBLOX) == []


@pytest.mark.abuse("O1")
async def test_a_state_of_linking_is_no_login_and_a_login_links_nothing(identity: Identity):
    await identity.joined(VICTIM)
    async with identity.browser() as browser:
        answer = await identity.proven(browser, await identity.link_url(VICTIM), VICTIM)

    assert answer.status_code == 302
    assert "access_token" not in answer.text
    assert "holdfast_refresh" not in str(answer.headers)
    assert await identity.db.value("SELECT count(*) FROM sessions") == 0


@pytest.mark.abuse("O3")
async def test_a_code_of_discord_is_refused_at_the_roblox_callback(identity: Identity):
    await identity.joined(VICTIM)
    async with identity.browser() as browser:
        opened = await browser.get(await identity.link_url(VICTIM))
        await identity.outside.known(VICTIM)
        back = await identity.outside.allow(opened.headers["Location"], VICTIM)
        query = query_of(back)
        page = await browser.get(
            f"/oauth/roblox/callback?state={query['state']}&code={query['code']}"
        )

    assert page.status_code == 400
    assert await identity.db.rows(ROBLOX) == []


@pytest.mark.abuse("O4")
@pytest.mark.parametrize(
    "more", ["redirect_uri=https://evil.example", "redirect_to=//evil.example"]
)
async def test_no_parameter_leads_a_link_elsewhere(identity: Identity, more: str):
    await identity.joined(VICTIM)
    async with identity.browser() as browser:
        opened = await browser.get(f"{await identity.link_url(VICTIM)}?{more}")

    asked = query_of(opened.headers["Location"])
    assert asked["redirect_uri"] == f"{PUBLIC}/v1/auth/discord/callback"
    assert "evil" not in opened.headers["Location"]


@pytest.mark.abuse("O1")
async def test_the_cookies_that_bind_a_browser_are_the_hosts_own(database_url: str):
    async with an_identity(database_url, public_base_url="https://holdfast.test") as identity:
        ann = await identity.joined(VICTIM)
        async with identity.db.transaction(Cause(actor=ann.user_id)):
            pass
        async with identity.browser() as browser:
            begun = await browser.post("/v1/auth/discord/url", json={})

    [cookie] = begun.headers.get_list("Set-Cookie")
    assert cookie.startswith("__Host-holdfast_oauth_")
    for flag in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
