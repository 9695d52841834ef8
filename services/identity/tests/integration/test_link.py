"""Linking a Roblox account: once, by its owner, in one browser, within its time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from contracts_schema.ids import new_id
from identity.domain.secret import challenge
from identity_builders import ALICE, BOB, PUBLIC, Identity, query_of

ANN, BEN = "700000000000000001", "700000000000000002"


async def test_a_link_leads_through_roblox_to_tier_1(identity: Identity):
    ann = await identity.joined(ANN)

    page = await identity.linked(ANN, ALICE)

    assert page.status_code == 200
    assert "is linked" in page.text
    async with identity.browser(await identity.exchanged(ANN)) as client:
        me = (await client.get("/v1/me")).json()
    assert (me["id"], me["tier"], me["version"]) == (ann.user_id, "TIER_1", 2)
    accounts = {a["provider"]: a["provider_user_id"] for a in me["accounts"]}
    assert accounts == {"discord": ANN, "roblox": str(ALICE)}
    assert await identity.topics() == [
        "identity.user_registered.v1",
        "identity.link_created.v1",
        "identity.account_linked.v1",
        "identity.tier_changed.v1",
    ]
    row = await identity.db.row("SELECT discord_id, tier FROM principals")
    assert tuple(row) == (ANN, "TIER_1")


async def test_the_verifier_sent_to_roblox_is_the_one_its_challenge_was_made_of(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        location = await identity.to_roblox(browser, await identity.link_url(ANN))
        asked = query_of(location)
        back = await identity.outside.allow(location, ALICE)
        await browser.get(back)

    [form] = identity.outside.posted("/roblox/oauth/v1/token")
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == challenge(form["code_verifier"])
    assert asked["redirect_uri"] == form["redirect_uri"] == f"{PUBLIC}/oauth/roblox/callback"
    assert asked["scope"] == "openid profile"
    assert form["code_verifier"] not in location


async def test_a_second_person_with_the_same_roblox_account_sees_the_conflict_page(
    identity: Identity,
):
    await identity.joined(ANN)
    await identity.joined(BEN)
    await identity.linked(ANN, ALICE)

    page = await identity.linked(BEN, ALICE)

    assert page.status_code == 409
    assert "belongs to someone else" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (await identity.topics()).count("identity.account_linked.v1") == 1
    refused = await identity.db.row(
        "SELECT reason FROM audit_entries WHERE action = 'account.link_refused'"
    )
    assert refused["reason"] == "taken"


async def test_two_people_who_link_one_roblox_account_at_once_have_one_winner(identity: Identity):
    for round_number in range(25):
        account = (await identity.outside.control("/roblox/users", {"name": f"r{round_number}"}))[
            "id"
        ]
        pair = [f"71000000000000{round_number:02}{side}" for side in (1, 2)]
        browsers = [identity.browser() for _ in pair]
        callbacks = []
        for discord_id, browser in zip(pair, browsers, strict=True):
            await identity.joined(discord_id)
            url = await identity.link_url(discord_id)
            callbacks.append(await identity.to_callback(browser, url, account))
        barrier = asyncio.Barrier(2)

        async def finish(
            browser: httpx.AsyncClient, url: str, start: asyncio.Barrier = barrier
        ) -> int:
            await start.wait()
            return (await browser.get(url)).status_code

        ends = await asyncio.gather(*map(finish, browsers, callbacks))

        assert sorted(ends) == [200, 409]
        for browser in browsers:
            await browser.aclose()
    linked = "SELECT count(*) FROM linked_accounts WHERE provider = 'roblox'"
    assert await identity.db.value(linked) == 25
    assert (await identity.topics()).count("identity.account_linked.v1") == 25


async def test_one_person_who_finishes_two_links_at_once_has_one_account(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        urls = [await identity.link_url(ANN) for _ in range(2)]
        callbacks = [
            await identity.to_callback(browser, url, account)
            for url, account in zip(urls, (ALICE, BOB), strict=True)
        ]
        pages = await asyncio.gather(*(browser.get(url) for url in callbacks))

    assert sorted(page.status_code for page in pages) == [200, 409]
    assert "another Roblox account" in next(p.text for p in pages if p.status_code == 409)


async def test_a_state_cannot_be_replayed(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        callback = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)
        assert (await browser.get(callback)).status_code == 200

        again = await browser.get(callback)

    assert again.status_code == 400
    assert len(identity.outside.posted("/roblox/oauth/v1/token")) == 1


async def test_a_state_from_another_browser_is_refused_and_stays_good_in_its_own(
    identity: Identity,
):
    await identity.joined(ANN)
    async with identity.browser() as browser, identity.browser() as other:
        callback = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)

        assert (await other.get(callback)).status_code == 400
        assert identity.outside.posted("/roblox/oauth/v1/token") == []
        assert (await browser.get(callback)).status_code == 200


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?code=y", "?state=%00&code=%00"])
async def test_a_callback_that_nobody_began_is_refused(identity: Identity, query: str):
    async with identity.browser() as browser:
        page = await browser.get("/oauth/roblox/callback" + query)

    assert page.status_code == 400
    assert "text/html" in page.headers["Content-Type"]


async def test_a_discord_state_is_refused_at_the_roblox_callback(identity: Identity):
    async with identity.browser() as browser:
        begun = await browser.post("/v1/auth/discord/url", json={})
        state = query_of(begun.json()["url"])["state"]

        page = await browser.get(f"/oauth/roblox/callback?state={state}&code=c")

    assert page.status_code == 400


async def test_a_state_lives_ten_minutes(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        callback = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)
        identity.clock.advance(timedelta(minutes=10, seconds=1))

        assert (await browser.get(callback)).status_code == 400
    assert identity.outside.posted("/roblox/oauth/v1/token") == []


async def test_a_link_opens_once(identity: Identity):
    await identity.joined(ANN)
    url = await identity.link_url(ANN)
    async with identity.browser() as browser:
        assert (await browser.get(url)).status_code == 302

        again = await browser.get(url)

    assert again.status_code == 410
    assert "opened before" in again.text


async def test_a_link_opened_twice_at_once_opens_once(identity: Identity):
    await identity.joined(ANN)
    url = await identity.link_url(ANN)
    async with identity.browser() as one, identity.browser() as two:
        pages = await asyncio.gather(one.get(url), two.get(url))

    assert sorted(page.status_code for page in pages) == [302, 410]


async def test_a_link_lives_fifteen_minutes(identity: Identity):
    await identity.joined(ANN)
    url = await identity.link_url(ANN)
    identity.clock.advance(timedelta(minutes=15, seconds=1))
    async with identity.browser() as browser:
        page = await browser.get(url)

    assert page.status_code == 410
    assert "expired" in page.text


async def test_a_new_secret_voids_the_one_before_and_opens_an_opened_link_again(
    identity: Identity,
):
    await identity.joined(ANN)
    async with identity.browser(await identity.exchanged(ANN)) as client:
        link_id = (await client.post("/v1/links", json={})).json()["link_id"]
        first, second = [
            (await client.post(f"/v1/links/{link_id}/url")).json()["url"] for _ in range(2)
        ]
        async with identity.browser() as browser:
            assert (await browser.get(first)).status_code == 404
            assert (await browser.get(second)).status_code == 302
            third = (await client.post(f"/v1/links/{link_id}/url")).json()["url"]
            assert (await browser.get(third)).status_code == 302


async def test_only_the_owner_gets_a_links_secret(identity: Identity):
    await identity.joined(ANN)
    await identity.joined(BEN)
    async with identity.browser(await identity.exchanged(ANN)) as ann:
        link_id = (await ann.post("/v1/links", json={})).json()["link_id"]
    async with identity.browser(await identity.exchanged(BEN)) as ben:
        foreign = await ben.post(f"/v1/links/{link_id}/url")
        absent = await ben.post(f"/v1/links/{new_id('lnk')}/url")

    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["detail"] == absent.json()["detail"]


async def test_secrets_are_kept_as_hashes_only(identity: Identity):
    await identity.joined(ANN)
    url = await identity.link_url(ANN)
    async with identity.browser() as browser:
        callback = await identity.to_callback(browser, url, ALICE)
        cookies = list(browser.cookies.values())

    tables = ("links", "oauth_states", "outbox", "audit_entries", "idempotency_keys")
    kept = [str(await identity.db.rows(f"SELECT * FROM {table}")) for table in tables]
    for secret in (url.rpartition("/")[2], query_of(callback)["state"], *cookies):
        assert secret
        assert not any(secret in text for text in kept)


async def test_a_link_is_refused_to_whom_has_an_account_and_to_whom_asks_too_often(
    identity: Identity,
):
    await identity.joined(ANN)
    await identity.joined(BEN)
    await identity.linked(ANN, ALICE)
    async with identity.browser(await identity.exchanged(ANN)) as client:
        linked = await client.post("/v1/links", json={})
    async with identity.browser(await identity.exchanged(BEN)) as client:
        answers = [await client.post("/v1/links", json={}) for _ in range(11)]

    assert (linked.status_code, linked.json()["code"]) == (409, "already_linked")
    assert [a.status_code for a in answers] == [201] * 10 + [429]
    assert answers[-1].json()["next_action"]


async def test_the_same_key_gives_the_same_link(identity: Identity):
    await identity.joined(ANN)
    headers = {"Idempotency-Key": "one-request-of-ann"}
    async with identity.browser(await identity.exchanged(ANN)) as client:
        first, second = [
            (await client.post("/v1/links", json={}, headers=headers)).json() for _ in range(2)
        ]

    assert first == second
    assert (await identity.topics()).count("identity.link_created.v1") == 1


async def test_who_denies_the_login_sees_a_page_and_nothing_is_linked(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        location = await identity.to_roblox(browser, await identity.link_url(ANN))
        back = await identity.outside.allow(location, ALICE, "deny")
        page = await browser.get(back)

    assert page.status_code == 403
    assert "identity.account_linked.v1" not in await identity.topics()


async def test_a_silent_roblox_is_told_apart_from_a_refusing_one(identity: Identity):
    await identity.joined(ANN)
    async with identity.browser() as browser:
        callback = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)
        await identity.outside.control("/roblox/outage", {"on": True, "status": 503})
        page = await browser.get(callback)

    assert page.status_code == 503
    assert "does not answer" in page.text


@pytest.mark.abuse("O2")
async def test_a_foreign_code_is_refused_by_roblox_for_want_of_its_verifier(identity: Identity):
    await identity.joined(ANN)
    await identity.joined(BEN)
    async with identity.browser() as browser, identity.browser() as other:
        mine = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)
        stolen = await identity.to_callback(other, await identity.link_url(BEN), BOB)
        injected = mine.replace(query_of(mine)["code"], query_of(stolen)["code"])
        page = await browser.get(injected)

    assert page.status_code == 403
    assert "identity.account_linked.v1" not in await identity.topics()


async def test_who_was_suspended_after_opening_a_link_is_not_linked(identity: Identity):
    ann = await identity.joined(ANN)
    async with identity.browser() as browser:
        callback = await identity.to_callback(browser, await identity.link_url(ANN), ALICE)
        async with identity.db.transaction() as tx:
            await tx.run("UPDATE users SET suspended = true WHERE user_id = $1", ann.user_id)
        page = await browser.get(callback)
        assert (await browser.get(f"{PUBLIC}/link/unknown")).status_code == 404

    assert page.status_code == 403
    assert "suspended" in page.text


async def test_the_front_page_says_what_this_is_and_where_it_begins(identity: Identity):
    async with identity.browser() as browser:
        page = await browser.get(f"{PUBLIC}/")

    assert page.status_code == 200
    assert "Escrow for digital goods" in page.text
    assert "/signup" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
