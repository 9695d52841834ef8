"""Where a browser ends that logged in: a page that says who it is, and what to do next."""

from __future__ import annotations

import httpx
import pytest
from identity_builders import ALICE, TERMS, Identity

A_BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def ended(identity: Identity, discord_id: str, accept: str = "", **body) -> httpx.Response:
    """What the browser shows in the end."""
    headers = {"Accept": accept} if accept else A_BROWSER
    async with identity.browser() as browser:
        begun = await browser.post("/v1/auth/discord/url", json=body)
        back = await identity.outside.allow(begun.json()["url"], discord_id)
        return await browser.get(back, headers=headers)


async def test_a_browser_ends_on_a_page_that_names_the_person_and_holds_no_token(
    identity: Identity,
):
    discord_id = await identity.outside.discord_person("ann")

    page = await ended(identity, discord_id, consent=True, terms_version=TERMS)

    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "ann" in page.text
    assert discord_id in page.text
    assert "/link" in page.text
    assert "hfr_" not in page.text
    assert "eyJ" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    kept = [c for c in page.headers.get_list("Set-Cookie") if c.startswith("holdfast_refresh=")]
    assert len(kept) == 1
    assert "HttpOnly" in kept[0]


async def test_who_has_linked_an_account_is_told_to_go_on(identity: Identity):
    discord_id, _ = await identity.logged_in("ann")
    await identity.linked(discord_id, ALICE)

    page = await ended(identity, discord_id)

    assert "/deal list" in page.text
    assert "No Roblox account" not in page.text


async def test_a_name_of_markup_is_shown_as_it_is_written(identity: Identity):
    discord_id = await identity.outside.discord_person("<i>ann</i>")

    page = await ended(identity, discord_id, consent=True, terms_version=TERMS)

    assert "&lt;i&gt;ann&lt;/i&gt;" in page.text
    assert "<i>" not in page.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.1"])
async def test_a_program_is_given_tokens(identity: Identity, accept: str):
    discord_id = await identity.outside.discord_person("ann")

    answer = await ended(identity, discord_id, accept, consent=True, terms_version=TERMS)

    assert answer.json()["token_type"] == "Bearer"
    assert answer.headers["Vary"] == "Accept"


async def test_a_browser_that_cannot_log_in_is_told_so_on_a_page(identity: Identity):
    discord_id = await identity.outside.discord_person("ann")
    stranger = await ended(identity, discord_id)
    async with identity.browser() as browser:
        again = await browser.get("/v1/auth/discord/callback?state=x&code=y", headers=A_BROWSER)

    assert (stranger.status_code, again.status_code) == (403, 400)
    assert "/signup" in stranger.text
    assert "cannot be finished here" in again.text
    assert await identity.db.value("SELECT count(*) FROM users") == 0
