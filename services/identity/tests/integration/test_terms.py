"""The terms of service: data and a page, agreed to by their version, recorded by hash."""

from __future__ import annotations

import hashlib
import re

import pytest
from chassis.cause import Cause
from chassis.principals import Principal
from contracts_schema.commands.identity import RegisterUser
from identity import handlers
from identity.domain.errors import TermsNotCurrent
from identity.domain.terms import Terms, TermsOfService
from identity.texts import terms_of_service
from identity_builders import PUBLIC, TERMS, TERMS_SHA256, Identity, an_identity

NEXT = "# Terms of service\n\nNext <b>year</b>.\n\n## What\n\nThe same & more.\n"
NEXT_TERMS = Terms("2027-01", hashlib.sha256(NEXT.encode()).hexdigest(), NEXT)
A_BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def later(database_url, outside):
    """Identity once there is a newer version."""
    both = TermsOfService((*terms_of_service().published, NEXT_TERMS))
    async with an_identity(database_url, outside, both) as running:
        yield running


async def recorded(identity: Identity) -> list[tuple[str, str, str, object]]:
    rows = await identity.db.rows("SELECT * FROM consents ORDER BY terms_version")
    return [(r["terms_version"], r["terms_sha256"], r["interface"], r["given_at"]) for r in rows]


async def test_the_terms_are_data_whose_hash_anybody_can_check(identity: Identity):
    async with identity.browser() as client:
        current = (await client.get("/v1/terms")).json()
        named = (await client.get(f"/v1/terms/{TERMS}")).json()
        unknown = await client.get("/v1/terms/2020-01")

    assert current == named
    assert (current["version"], current["current"]) == (TERMS, True)
    assert current["sha256"] == hashlib.sha256(current["text"].encode()).hexdigest()
    assert current["url"] == f"{PUBLIC}/terms/{TERMS}"
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_the_terms_are_a_page_that_needs_no_script(identity: Identity):
    async with identity.browser() as client:
        pages = [await client.get(path) for path in ("/terms", f"/terms/{TERMS}")]

    for page in pages:
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert TERMS_SHA256 in page.text
        assert "<script" not in page.text
        words = re.sub(r"<[^>]+>", "", page.text)
        assert "Holdfast holds the buyer's money" in words.replace("&#x27;", "'")
        assert "##" not in words


async def test_an_earlier_version_stays_readable_and_says_that_it_is_one(later: Identity):
    async with later.browser() as client:
        earlier = await client.get(f"/terms/{TERMS}")
        current = await client.get("/terms")
        unknown = await client.get("/terms/%3Cscript%3E")
        data = (await client.get(f"/v1/terms/{TERMS}")).json()

    assert "not in force" in earlier.text
    assert 'href="/terms"' in earlier.text
    assert data["current"] is False
    assert "not in force" not in current.text
    assert "Next &lt;b&gt;year&lt;/b&gt;." in current.text
    assert "<h2>What</h2><p>The same &amp; more.</p>" in current.text
    assert unknown.status_code == 404
    assert "<script" not in unknown.text


@pytest.mark.parametrize("version", ["2020-01", "1", "2026-11-22."])
async def test_consent_to_terms_that_are_not_in_force_changes_nothing(
    identity: Identity, version: str
):
    async with identity.browser() as client:
        body = {"consent": True, "terms_version": version}
        answer = await client.post("/v1/auth/discord/url", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "terms_not_current")
    assert TERMS in answer.json()["detail"]
    assert TERMS in answer.json()["next_action"]
    assert not await identity.db.value("SELECT count(*) FROM oauth_states")


async def test_a_command_that_names_other_terms_registers_nobody(identity: Identity):
    stranger = Principal("", discord_id="900000000000000077", interface="discord")
    old = RegisterUser(consent=True, terms_version="2026-11")
    with pytest.raises(TermsNotCurrent) as refused:
        async with identity.db.transaction(Cause(actor="test")) as tx:
            await handlers.user.register(tx, stranger, old, identity.app.state.joining)

    assert refused.value.params == {"current": TERMS}
    assert not await identity.db.value("SELECT count(*) FROM users")


async def test_what_is_recorded_is_version_hash_and_time(identity: Identity):
    await identity.joined("900000000000000077")

    assert await recorded(identity) == [(TERMS, TERMS_SHA256, "discord", identity.clock.now())]


async def test_a_version_that_comes_while_one_logs_in_is_not_agreed_to_unread(
    identity: Identity, later: Identity
):
    discord_id = await identity.outside.discord_person("ann")
    async with identity.browser() as browser, later.browser() as after:
        body = {"consent": True, "terms_version": TERMS}
        begun = await browser.post("/v1/auth/discord/url", json=body)
        after.cookies = browser.cookies
        back = await identity.outside.allow(begun.json()["url"], discord_id)
        page = await after.get(back, headers=A_BROWSER)

    assert page.status_code == 409
    assert "The terms have changed" in page.text
    assert 'href="/terms"' in page.text
    assert not await later.db.value("SELECT count(*) FROM users")


async def test_who_joined_agrees_to_a_newer_version_at_a_login(later: Identity, identity: Identity):
    discord_id, _ = await identity.logged_in("ann")
    joined_at = identity.clock.now()
    await later.login(discord_id, consent=False)
    assert [version for version, *_ in await recorded(later)] == [TERMS]

    answer = await later.login(discord_id, terms_version=NEXT_TERMS.version)

    assert answer.status_code == 200
    assert await recorded(later) == [
        (TERMS, TERMS_SHA256, "rest", joined_at),
        (NEXT_TERMS.version, NEXT_TERMS.sha256, "rest", later.clock.now()),
    ]
    audited = await later.db.value("SELECT count(*) FROM audit_entries WHERE action = 'user.agree'")
    assert audited == 1


async def test_a_published_text_is_the_one_whose_hash_is_listed():
    for each in terms_of_service().published:
        assert each.sha256 == hashlib.sha256(each.text.encode()).hexdigest()
        assert f"Version {each.version}." in each.text
