"""Logging in with Discord, staying in, and getting out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from identity import handlers
from identity.domain.account import Provider
from identity.domain.oauth_state import OAuthState, Purpose
from identity.domain.secret import challenge
from identity_builders import ADMIN_DISCORD_ID, PUBLIC, TERMS, TERMS_SHA256, Identity, query_of


async def refreshed(identity: Identity, token: str) -> tuple[int, dict]:
    async with identity.browser() as client:
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
    return answer.status_code, answer.json()


async def test_a_stranger_who_consents_joins_by_logging_in(identity: Identity):
    discord_id, tokens = await identity.logged_in("ann")

    async with identity.browser(tokens["access_token"]) as client:
        me = (await client.get("/v1/me")).json()
    assert (me["discord_id"], me["tier"], me["role"]) == (discord_id, "TIER_0", "USER")
    [consent] = me["consents"]
    assert (consent["terms_version"], consent["terms_sha256"]) == (TERMS, TERMS_SHA256)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert await identity.topics() == ["identity.user_registered.v1"]


async def test_a_stranger_who_does_not_consent_is_refused_and_unknown(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")

    answer = await identity.login(discord_id, consent=False)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_registered")
    assert answer.json()["next_action"]
    assert await identity.topics() == []


async def test_consent_without_a_terms_version_is_refused(identity: Identity):
    async with identity.browser() as client:
        answer = await client.post("/v1/auth/discord/url", json={"consent": True})

    assert answer.status_code == 422
    assert "terms_version" in answer.text


async def test_who_joined_in_discord_logs_in_without_consenting_again(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    await identity.joined(discord_id)

    assert (await identity.login(discord_id, consent=False)).status_code == 200


@pytest.mark.abuse("O2")
async def test_discord_gets_the_verifier_of_the_challenge(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    async with identity.browser() as browser:
        begun = await browser.post(
            "/v1/auth/discord/url", json={"consent": True, "terms_version": TERMS}
        )
        await browser.get(await identity.outside.allow(begun.json()["url"], discord_id))

    asked = query_of(begun.json()["url"])
    [form] = identity.outside.posted("/discord/api/v10/oauth2/token")
    assert asked["code_challenge"] == challenge(form["code_verifier"])
    assert asked["scope"] == "identify"


async def test_a_login_state_works_once_in_its_browser_within_ten_minutes(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    body = {"consent": True, "terms_version": TERMS}
    async with identity.browser() as browser, identity.browser() as other:
        begun = (await browser.post("/v1/auth/discord/url", json=body)).json()["url"]
        late = (await browser.post("/v1/auth/discord/url", json=body)).json()["url"]
        back = await identity.outside.allow(begun, discord_id)

        assert (await other.get(back)).json()["code"] == "state_refused"
        assert (await browser.get(back)).status_code == 200
        assert (await browser.get(back)).json()["code"] == "state_refused"
        identity.clock.advance(timedelta(minutes=10, seconds=1))
        back = await identity.outside.allow(late, discord_id)
        assert (await browser.get(back)).status_code == 400


async def test_two_first_logins_at_once_make_one_person(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")

    answers = await asyncio.gather(*(identity.login(discord_id) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert await identity.db.value("SELECT count(*) FROM users") == 1
    assert await identity.topics() == ["identity.user_registered.v1"]


async def test_a_login_begun_for_a_place_ends_there_with_a_cookie(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")

    answer = await identity.login(discord_id, redirect_to="/listings?page=2")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{PUBLIC}/listings?page=2"
    cookies = answer.headers.get_list("Set-Cookie")
    refresh = next(cookie for cookie in cookies if cookie.startswith("holdfast_refresh="))
    assert "HttpOnly" in refresh
    assert "SameSite=strict" in refresh
    assert "hfr_" not in answer.text


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/@evil.example\r\nSet-Cookie: a=b",
        "/x#//evil.example",
        "/" + "x" * 300,
    ],
)
async def test_a_login_never_ends_elsewhere(identity: Identity, place: str):
    async with identity.browser() as client:
        answer = await client.post("/v1/auth/discord/url", json={"redirect_to": place})

    assert answer.status_code == 422


async def test_a_browser_refreshes_and_logs_out_by_cookie(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    body = {"consent": True, "terms_version": TERMS}
    async with identity.browser() as browser:
        begun = await browser.post("/v1/auth/discord/url", json=body)
        await browser.get(await identity.outside.allow(begun.json()["url"], discord_id))

        renewed = await browser.post("/v1/auth/refresh")
        assert renewed.status_code == 200
        assert (await browser.post("/v1/auth/logout")).status_code == 204
        assert (await browser.post("/v1/auth/refresh")).status_code == 401
    assert (await identity.introspected(renewed.json()["access_token"])) == {"active": False}


async def test_a_refresh_token_is_rotated(identity: Identity):
    _, tokens = await identity.logged_in("ann")

    status, renewed = await refreshed(identity, tokens["refresh_token"])

    assert status == 200
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert renewed["access_token"] != tokens["access_token"]
    assert (await refreshed(identity, renewed["refresh_token"]))[0] == 200


@pytest.mark.abuse("J5")
async def test_a_refresh_token_used_twice_ends_the_whole_family(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    _, renewed = await refreshed(identity, tokens["refresh_token"])

    status, problem = await refreshed(identity, tokens["refresh_token"])

    assert (status, problem["code"]) == (401, "refresh_refused")
    assert (await refreshed(identity, renewed["refresh_token"]))[0] == 401
    assert (await identity.introspected(renewed["access_token"])) == {"active": False}
    ended = await identity.db.row("SELECT end_reason FROM sessions")
    assert ended["end_reason"] == "refresh_reused"


@pytest.mark.abuse("J5")
async def test_a_refresh_token_used_twice_at_once_ends_the_family(identity: Identity):
    for number in range(25):
        _, tokens = await identity.logged_in(f"ann{number}")
        barrier = asyncio.Barrier(2)

        async def use(token: str, start: asyncio.Barrier) -> tuple[int, dict]:
            await start.wait()
            return await refreshed(identity, token)

        results = await asyncio.gather(*(use(tokens["refresh_token"], barrier) for _ in range(2)))

        assert sorted(status for status, _ in results) == [200, 401]
        winner = next(body for status, body in results if status == 200)
        assert (await refreshed(identity, winner["refresh_token"]))[0] == 401


async def test_a_refresh_token_lives_seven_days_from_its_last_use(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    for _ in range(3):
        identity.clock.advance(timedelta(days=6, hours=23))
        status, tokens = await refreshed(identity, tokens["refresh_token"])
        assert status == 200
    identity.clock.advance(timedelta(days=7, seconds=1))

    assert (await refreshed(identity, tokens["refresh_token"]))[0] == 401


async def test_an_access_token_lives_fifteen_minutes(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    async with identity.browser(tokens["access_token"]) as client:
        identity.clock.advance(timedelta(minutes=14, seconds=58))
        assert (await client.get("/v1/me")).status_code == 200
        identity.clock.advance(timedelta(seconds=3))
        assert (await client.get("/v1/me")).status_code == 401
    assert (await identity.introspected(tokens["access_token"])) == {"active": False}


async def test_a_logout_by_access_token_ends_that_login_only(identity: Identity):
    discord_id, first = await identity.logged_in("ann")
    second = (await identity.login(discord_id)).json()
    async with identity.browser(first["access_token"]) as client:
        assert (await client.post("/v1/auth/logout")).status_code == 204

    assert (await refreshed(identity, first["refresh_token"]))[0] == 401
    assert (await identity.introspected(first["access_token"])) == {"active": False}
    assert (await identity.introspected(second["access_token"]))["active"] is True


async def test_one_sees_and_ends_ones_own_logins_only(identity: Identity):
    discord_id, first = await identity.logged_in("ann")
    second = (await identity.login(discord_id)).json()
    _, foreign = await identity.logged_in("ben")
    async with (
        identity.browser(first["access_token"]) as ann,
        identity.browser(foreign["access_token"]) as ben,
    ):
        listed = (await ann.get("/v1/me/sessions")).json()["data"]
        other = next(s["id"] for s in listed if not s["current"])

        assert len(listed) == 2
        assert (await ben.delete(f"/v1/me/sessions/{other}")).status_code == 404
        assert (await ann.delete(f"/v1/me/sessions/{other}")).status_code == 204
        assert (await refreshed(identity, second["refresh_token"]))[0] == 401
        assert (await ann.delete("/v1/me/sessions")).status_code == 204
        assert (await ann.delete("/v1/me/sessions")).status_code == 401
    assert (await identity.introspected(foreign["access_token"]))["active"] is True


async def test_the_oldest_login_beyond_fifty_is_ended(identity: Identity):
    discord_id, first = await identity.logged_in("ann")
    state = OAuthState(Purpose.LOGIN, Provider.DISCORD, "", identity.clock.now())
    for _ in range(50):
        identity.clock.advance(timedelta(seconds=1))
        async with identity.db.transaction() as tx:
            await handlers.login.log_in(tx, state, discord_id, "", identity.app.state.joining)

    assert (await refreshed(identity, first["refresh_token"]))[0] == 401
    live = "SELECT count(*) FROM sessions WHERE ended_at IS NULL"
    assert await identity.db.value(live) == 50


async def test_who_is_named_in_the_settings_is_an_administrator_by_joining(identity: Identity):
    await identity.joined(ADMIN_DISCORD_ID)

    async with identity.browser(await identity.session_token(ADMIN_DISCORD_ID)) as client:
        assert (await client.get("/v1/me")).json()["role"] == "ADMIN"
    assert await identity.topics() == [
        "identity.user_registered.v1",
        "identity.role_changed.v1",
    ]
