"""The login with Roblox: code flow, PKCE, tokens and their ends."""

from __future__ import annotations

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from roblox_world import CLIENT_ID, REDIRECT, SECRET, SELLER, Sandbox, a_query, returned

pytestmark = pytest.mark.asyncio


def refused(response: httpx.Response, error: str, status: int = 400) -> bool:
    """Whether the answer is this OAuth error with a description."""
    body = response.json()
    assert body["error_description"]
    return response.status_code == status and body["error"] == error


async def test_an_approved_login_returns_code_and_state_and_the_code_buys_tokens(sandbox: Sandbox):
    answer = await sandbox.answer()
    assert answer.keys() == {"code", "state"}
    assert answer["state"] == "s/1&2"
    tokens = (await sandbox.token(code=answer["code"], redirect_uri=REDIRECT)).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 899
    assert tokens["scope"] == "openid profile"
    person = (await sandbox.userinfo(tokens["access_token"])).json()
    assert person["sub"] == str(SELLER)
    assert person["preferred_username"] == "seller"
    assert (await sandbox.http.get(person["picture"])).headers["Content-Type"] == "image/png"


async def test_the_page_offers_the_accounts_and_preselects_the_one_named(sandbox: Sandbox):
    page = await sandbox.authorize(**{"as": str(SELLER)})
    assert page.status_code == 200
    assert f'value="{SELLER}" required checked' in page.text
    assert page.text.count('name="user_id"') == 2
    assert page.text.count("checked") == 1


async def test_what_an_account_calls_itself_cannot_become_markup(sandbox: Sandbox):
    name = "<script>alert(1)</script>"
    await sandbox.http.post("/control/roblox/users", json={"name": name})
    assert "<script>" not in (await sandbox.authorize(state='"><script>')).text


async def test_a_denied_login_returns_access_denied_and_the_state(sandbox: Sandbox):
    answer = await sandbox.answer("deny")
    assert answer["error"] == "access_denied"
    assert answer["state"] == "s/1&2"
    assert "code" not in answer


@pytest.mark.parametrize(
    "form", [{}, {"decision": "approve", "user_id": "9" * 5000}, {"user_id": str(SELLER)}]
)
async def test_an_answer_without_an_account_or_a_decision_allows_nothing(
    sandbox: Sandbox, form: dict[str, str]
):
    url = "/roblox/oauth/v1/authorize"
    answer = returned(await sandbox.http.post(url, params=a_query(), data=form))
    assert (answer["error"], answer["state"]) == ("invalid_request", "s/1&2")


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"client_id": None}])
async def test_an_unknown_client_sees_a_page_and_no_redirect(
    sandbox: Sandbox, changes: dict[str, str | None]
):
    response = await sandbox.authorize(**changes)
    assert response.status_code == 400
    assert "client_id" in response.text


@pytest.mark.parametrize(
    "uri", [REDIRECT + "/", REDIRECT + "?a=1", REDIRECT.upper(), "https://evil.example/cb", None]
)
async def test_an_address_not_registered_letter_for_letter_is_never_returned_to(
    sandbox: Sandbox, uri: str | None
):
    response = await sandbox.authorize(redirect_uri=uri)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "redirect_uri" in response.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "interaction_required"),
    ],
)
async def test_a_faulty_request_is_refused_by_redirect_when_shown_and_when_answered(
    sandbox: Sandbox, changes: dict[str, str | None], error: str
):
    shown = returned(await sandbox.authorize(**changes))
    answered = await sandbox.answer("approve", **changes)
    for reply in (shown, answered):
        assert (reply["error"], reply["state"]) == (error, "s/1&2")
        assert "code" not in reply


@pytest.mark.parametrize("verifier", ["x" * 43, None])
async def test_a_wrong_or_missing_verifier_buys_nothing(sandbox: Sandbox, verifier: str | None):
    code = (await sandbox.answer())["code"]
    error = "invalid_grant" if verifier else "invalid_request"
    assert refused(await sandbox.token(code=code, code_verifier=verifier), error)


async def test_a_code_lives_one_minute(sandbox: Sandbox):
    young, old = (await sandbox.answer())["code"], (await sandbox.answer())["code"]
    sandbox.clock.move(55)
    assert (await sandbox.token(code=young)).status_code == 200
    sandbox.clock.move(10)
    assert refused(await sandbox.token(code=old), "invalid_grant")


async def test_a_code_used_twice_ends_the_tokens_of_its_first_use(sandbox: Sandbox):
    code = (await sandbox.answer())["code"]
    tokens = (await sandbox.token(code=code)).json()
    assert refused(await sandbox.token(code=code), "invalid_grant")
    assert refused(await sandbox.userinfo(tokens["access_token"]), "invalid_token", 401)
    assert refused(await sandbox.refresh(tokens["refresh_token"]), "invalid_grant")


async def test_a_code_is_good_only_for_its_client_and_its_address(sandbox: Sandbox):
    code = (await sandbox.answer())["code"]
    stolen = await sandbox.token(code=code, client_id="other", client_secret="other-secret")
    assert refused(stolen, "invalid_grant")
    assert refused(await sandbox.token(code=code, redirect_uri=REDIRECT + "/"), "invalid_grant")
    assert (await sandbox.token(code=code)).status_code == 200


async def test_a_refresh_rotates_and_a_spent_refresh_token_ends_the_login(sandbox: Sandbox):
    first = await sandbox.logged_in()
    second = (await sandbox.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await sandbox.userinfo(second["access_token"])).status_code == 200
    assert refused(await sandbox.refresh(first["refresh_token"]), "invalid_grant")
    assert refused(await sandbox.userinfo(second["access_token"]), "invalid_token", 401)


async def test_an_access_token_lives_fifteen_minutes_and_is_no_refresh_token(sandbox: Sandbox):
    tokens = await sandbox.logged_in()
    assert refused(await sandbox.refresh(tokens["access_token"]), "invalid_grant")
    assert refused(await sandbox.userinfo(tokens["refresh_token"]), "invalid_token", 401)
    sandbox.clock.move(15 * 60)
    assert refused(await sandbox.userinfo(tokens["access_token"]), "invalid_token", 401)
    assert (await sandbox.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "form", [{"client_secret": "wrong"}, {"client_secret": None}, {"client_id": "nobody"}]
)
async def test_a_client_that_does_not_prove_itself_is_refused(
    sandbox: Sandbox, form: dict[str, str | None]
):
    code = (await sandbox.answer())["code"]
    response = await sandbox.token(code=code, **form)
    assert refused(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic")


async def test_basic_auth_proves_a_client_and_bad_basic_auth_does_not(sandbox: Sandbox):
    tokens = await sandbox.logged_in()
    body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    url = "/roblox/oauth/v1/token"
    wrong = await sandbox.http.post(url, data=body, auth=(CLIENT_ID, "no"))
    assert refused(wrong, "invalid_client", 401)
    broken = await sandbox.http.post(url, data=body, headers={"Authorization": "Basic %%"})
    assert refused(broken, "invalid_client", 401)
    right = await sandbox.http.post(url, data=body, auth=(CLIENT_ID, SECRET))
    assert right.status_code == 200


async def test_the_id_token_proves_itself_by_the_keys_of_the_discovery(sandbox: Sandbox):
    tokens = await sandbox.logged_in()
    found = (await sandbox.http.get("/roblox/oauth/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await sandbox.http.get(found["jwks_uri"])).json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
    assert all("d" not in key.as_dict() for key in keys.keys)
    assert token.claims["iss"] == found["issuer"] == f"{sandbox.base_url}/roblox/oauth/"
    assert token.claims["aud"] == CLIENT_ID
    assert token.claims["nonce"] == "n1"
    assert token.claims["sub"] == str(SELLER)
    assert token.claims["exp"] - token.claims["iat"] == 900


async def test_without_the_profile_scope_only_the_id_of_the_person_is_told(sandbox: Sandbox):
    tokens = await sandbox.logged_in(scope="openid")
    assert (await sandbox.userinfo(tokens["access_token"])).json() == {"sub": str(SELLER)}


async def test_without_the_openid_scope_there_is_no_id_token(sandbox: Sandbox):
    assert "id_token" not in await sandbox.logged_in(scope="profile")


async def test_revoking_ends_both_tokens_but_introspection_keeps_the_access_token_active(
    sandbox: Sandbox,
):
    tokens = await sandbox.logged_in()
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    told = (await sandbox.client_post("token/introspect", token=access)).json()
    assert (told["active"], told["sub"], told["client_id"]) == (True, str(SELLER), CLIENT_ID)
    assert (await sandbox.client_post("token/revoke", token=refresh)).status_code == 200
    assert refused(await sandbox.userinfo(access), "invalid_token", 401)
    assert refused(await sandbox.refresh(refresh), "invalid_grant")
    told = (await sandbox.client_post("token/introspect", token=refresh)).json()
    assert told == {"active": False}
    told = (await sandbox.client_post("token/introspect", token=access)).json()
    assert told["active"]


async def test_resources_name_the_person_and_need_a_live_token(sandbox: Sandbox):
    tokens = await sandbox.logged_in()
    told = await sandbox.client_post("token/resources", token=tokens["access_token"])
    owner = {"id": str(SELLER), "type": "User"}
    assert told.json() == {"resource_infos": [{"owner": owner, "resources": {}}]}
    assert refused(await sandbox.client_post("token/resources", token="AT.x"), "invalid_token")
