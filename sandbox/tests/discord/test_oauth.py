"""Login with Discord: approval by a person, PKCE, codes that work once and for a minute."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from discord_harness import APPLICATION, REDIRECT, SECRET, Harness, running

pytestmark = pytest.mark.asyncio
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


def asked(**changes: Any) -> dict[str, Any]:
    """The query of an authorize link."""
    query = {
        "client_id": APPLICATION, "redirect_uri": REDIRECT, "response_type": "code",
        "scope": "identify guilds", "state": "s1", "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256", "as": "ada",
    }  # fmt: skip
    return {k: v for k, v in {**query, **changes}.items() if v is not None}


async def approved(harness: Harness, **changes: Any) -> dict[str, list[str]]:
    """What comes back to the redirect address after ada approved."""
    answer = await harness.http.post("/discord/oauth2/authorize", params=asked(**changes))
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(REDIRECT)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


async def exchanged(harness: Harness, code: str, **changes: Any) -> Any:
    """The token endpoint's answer."""
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
        "client_id": APPLICATION, "client_secret": SECRET, "code_verifier": VERIFIER,
    }  # fmt: skip
    return await harness.http.post("/discord/api/v10/oauth2/token", data={**form, **changes})


async def test_a_person_logs_in_and_is_known_by_the_token(harness: Harness) -> None:
    page = await harness.http.get("/discord/oauth2/authorize", params=asked())
    assert "Authorize" in page.text
    assert "selected>ada" in page.text
    back = await approved(harness)
    assert back["state"] == ["s1"]

    tokens = (await exchanged(harness, back["code"][0])).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = await harness.http.get("/discord/api/v10/users/@me", headers=headers)
    guilds = await harness.http.get("/discord/api/v10/users/@me/guilds", headers=headers)
    about = await harness.http.get("/discord/api/v10/oauth2/@me", headers=headers)

    assert (me.json()["username"], "email" in me.json()) == ("ada", False)
    assert [g["name"] for g in guilds.json()] == ["Deals"]
    assert about.json()["scopes"] == ["guilds", "identify"]
    assert tokens["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": REDIRECT + "/"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_exchange_gives_no_token(
    harness: Harness, changes: dict[str, str], error: str
) -> None:
    code = (await approved(harness))["code"][0]

    answer = await exchanged(harness, code, **changes)

    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


async def test_a_code_works_once_and_its_second_use_takes_the_tokens_back(harness: Harness) -> None:
    code = (await approved(harness))["code"][0]
    tokens = (await exchanged(harness, code)).json()

    again = await exchanged(harness, code)

    assert again.json()["error"] == "invalid_grant"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = await harness.http.get("/discord/api/v10/users/@me", headers=headers)
    assert me.status_code == 401


async def test_a_code_lives_one_minute(harness: Harness) -> None:
    code = (await approved(harness))["code"][0]

    harness.clock.move(61)

    assert (await exchanged(harness, code)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_is_rotated_and_revocation_ends_a_token(harness: Harness) -> None:
    code = (await approved(harness, code_challenge=None, code_challenge_method=None))["code"][0]
    first = (await exchanged(harness, code)).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    second = await exchanged(harness, "", **refresh)
    again = await exchanged(harness, "", **refresh)
    form = {"token": second.json()["access_token"]}
    client = (APPLICATION, SECRET)
    path = "/discord/api/v10/oauth2/token/revoke"
    assert (await harness.http.post(path, data=form, auth=client)).status_code == 200

    assert again.json()["error"] == "invalid_grant"
    headers = {"Authorization": f"Bearer {form['token']}"}
    me = await harness.http.get("/discord/api/v10/users/@me", headers=headers)
    assert me.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "1"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"scope": "everything"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ],
)
async def test_a_doubtful_link_shows_an_error_and_never_redirects(
    harness: Harness, changes: dict[str, Any]
) -> None:
    answer = await harness.http.post("/discord/oauth2/authorize", params=asked(**changes))

    assert answer.status_code == 400
    assert "Location" not in answer.headers


async def test_only_registered_redirects_are_taken() -> None:
    async with running(redirect_uris=["https://example.com/cb"]) as harness:
        answer = await harness.http.post("/discord/oauth2/authorize", params=asked())

    assert answer.status_code == 400


async def test_a_person_who_cancels_sends_back_access_denied(harness: Harness) -> None:
    answer = await harness.http.post(
        "/discord/oauth2/authorize", params=asked(), data={"decision": "deny"}
    )

    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (back["error"], back["state"]) == (["access_denied"], ["s1"])
