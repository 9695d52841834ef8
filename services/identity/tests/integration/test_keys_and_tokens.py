"""API keys, and what identity tells other services about credentials."""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta

import pytest
from chassis.http.auth import Authenticator
from chassis.problems import Problem
from contracts_schema.ids import new_id
from identity_builders import ADMIN_DISCORD_ID, GATEWAY_SECRET, PUBLIC, Identity
from joserfc import jwt
from joserfc.jwk import OKPKey

NEW_KEY = {"name": "my bot", "scopes": ["read", "write"]}


@pytest.fixture
async def ann(identity: Identity):
    _, tokens = await identity.logged_in("ann")
    async with identity.browser(tokens["access_token"]) as client:
        yield client


async def test_a_key_is_shown_once_and_kept_as_a_hash(identity: Identity, ann):
    made = (await ann.post("/v1/api-keys", json=NEW_KEY)).json()

    [listed] = (await ann.get("/v1/api-keys")).json()["data"]
    assert made["key"].startswith("hfk_")
    assert made["key"].startswith(listed["hint"])
    assert "key" not in listed
    for table in ("api_keys", "audit_entries", "outbox", "idempotency_keys"):
        assert made["key"] not in str(await identity.db.rows(f"SELECT * FROM {table}"))


async def test_a_key_acts_for_its_owner_until_it_is_revoked(identity: Identity, ann):
    made = (await ann.post("/v1/api-keys", json=NEW_KEY)).json()
    async with identity.browser(made["key"]) as bot:
        me = await bot.get("/v1/me")
        assert me.json()["id"] == (await ann.get("/v1/me")).json()["id"]
        assert (await bot.post("/v1/links", json={})).status_code == 201

        assert (await ann.delete(f"/v1/api-keys/{made['id']}")).status_code == 204

        assert await identity.introspected(made["key"]) == {"active": False}
        identity.clock.advance(timedelta(seconds=31))
        assert (await bot.get("/v1/me")).status_code == 401


async def test_a_reading_key_changes_nothing(identity: Identity, ann):
    made = (await ann.post("/v1/api-keys", json=NEW_KEY | {"scopes": ["read"]})).json()
    async with identity.browser(made["key"]) as bot:
        assert (await bot.get("/v1/me")).status_code == 200
        refused = await bot.post("/v1/links", json={})

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_a_writing_key_reads_nothing(identity: Identity, ann):
    made = (await ann.post("/v1/api-keys", json=NEW_KEY | {"scopes": ["write"]})).json()
    async with identity.browser(made["key"]) as bot:
        assert (await bot.post("/v1/links", json={})).status_code == 201
        refused = await bot.get("/v1/me")

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert refused.json()["params"] == {"scope": "read"}


async def test_a_key_makes_and_ends_neither_keys_nor_logins(identity: Identity, ann):
    made = (await ann.post("/v1/api-keys", json=NEW_KEY)).json()
    async with identity.browser(made["key"]) as bot:
        for answer in (
            await bot.post("/v1/api-keys", json=NEW_KEY),
            await bot.delete(f"/v1/api-keys/{made['id']}"),
            await bot.delete("/v1/me/sessions"),
            await bot.post("/v1/auth/logout"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "login_needed")


async def test_a_key_ends_at_its_time_which_is_within_a_year(identity: Identity, ann):
    now = identity.clock.now()
    soon = (now + timedelta(hours=1)).isoformat()
    made = (await ann.post("/v1/api-keys", json=NEW_KEY | {"expires_at": soon})).json()
    for wrong in (now - timedelta(seconds=1), now + timedelta(days=366)):
        refused = await ann.post("/v1/api-keys", json=NEW_KEY | {"expires_at": wrong.isoformat()})
        assert (refused.status_code, refused.json()["code"]) == (422, "expiry_refused")

    identity.clock.advance(timedelta(hours=1))
    async with identity.browser(made["key"]) as bot:
        assert (await bot.get("/v1/me")).status_code == 401


async def test_admin_is_a_scope_for_administrators(identity: Identity, ann):
    asked = NEW_KEY | {"scopes": ["read", "write", "admin"]}
    assert (await ann.post("/v1/api-keys", json=asked)).json()["code"] == "scope_missing"
    victim = await identity.joined("700000000000000009")
    await identity.joined(ADMIN_DISCORD_ID)
    plain = await _admin_key(identity, ["read", "write"])
    full = await _admin_key(identity, ["read", "write", "admin"])
    change = {"suspended": True, "reason": "spam"}
    for key, expected in ((plain, 403), (full, 200)):
        async with identity.browser(key) as bot:
            answer = await bot.patch(f"/v1/admin/users/{victim.user_id}", json=change)
        assert answer.status_code == expected


async def _admin_key(identity: Identity, scopes: list[str]) -> str:
    from chassis.principals import Principal
    from identity import handlers, store
    from identity.domain.api_key import Scope

    async with identity.db.transaction() as tx:
        user = await store.user.find_by_discord_id(tx, ADMIN_DISCORD_ID)
        caller = Principal(user.user_id, role=user.role, session_id=new_id("ses"))
        _, secret = await handlers.api_key.create(
            tx, caller, "bot", [Scope(s) for s in scopes], None
        )
    return secret


async def test_twenty_keys_are_the_most_and_others_keys_are_not_mine(identity: Identity, ann):
    answers = [await ann.post("/v1/api-keys", json=NEW_KEY) for _ in range(21)]
    _, tokens = await identity.logged_in("ben")

    assert [a.status_code for a in answers] == [201] * 20 + [409]
    async with identity.browser(tokens["access_token"]) as ben:
        assert (await ben.delete(f"/v1/api-keys/{answers[0].json()['id']}")).status_code == 404
        assert (await ben.get("/v1/api-keys")).json() == {"data": []}


async def test_introspection_says_what_a_live_login_may(identity: Identity, ann):
    token = ann.headers["Authorization"].partition(" ")[2]

    told = await identity.introspected(token)

    assert told["active"] is True
    assert told["sid"].startswith("ses_")
    assert (told["tier"], told["role"], told["scope"]) == ("TIER_0", "USER", "read write")
    assert told["exp"] == int(identity.clock.now().timestamp()) + 900


async def test_an_exchanged_token_lives_five_minutes_and_counts_on_money_routes(
    identity: Identity,
):
    await identity.joined("700000000000000001")
    async with identity.browser() as client:
        headers = {"X-Service-Secret": GATEWAY_SECRET}
        unknown = await client.post(
            "/internal/token-exchange", json={"discord_user_id": "1"}, headers=headers
        )
    token = await identity.exchanged("700000000000000001")
    looked = await identity.introspected(token)
    identity.clock.advance(timedelta(minutes=5, seconds=1))
    late = await identity.introspected(token)

    assert unknown.status_code == 404
    assert (looked["active"], looked["scope"]) == (True, "read write")
    assert late == {"active": False}


def _claims(now: int, **changes: object) -> dict:
    claims = {
        "iss": PUBLIC,
        "aud": "holdfast",
        "sub": new_id("usr"),
        "sid": new_id("ses"),
        "jti": "j",
        "tier": "TIER_2",
        "role": "ADMIN",
        "exp": now + 600,
    } | changes
    return {key: value for key, value in claims.items() if value is not None}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unsigned(token: str) -> str:
    header = _b64(b'{"alg":"none","typ":"at+jwt"}')
    return f"{header}.{token.split('.')[1]}."


def _signed_by_hmac(token: str, key: bytes) -> str:
    head = _b64(b'{"alg":"HS256","typ":"at+jwt"}') + "." + token.split(".")[1]
    return f"{head}.{_b64(hmac.new(key, head.encode(), 'sha256').digest())}"


def _forged(identity: Identity) -> dict[str, str]:
    own, other = identity.app.state.token_issuer.key, OKPKey.generate_key("Ed25519")
    now = int(identity.clock.now().timestamp())
    head = {"alg": "Ed25519", "typ": "at+jwt", "kid": own.kid}

    def made(header: dict | None = None, key: object = own, **changes: object) -> str:
        header = head | (header or {})
        return jwt.encode(header, _claims(now, **changes), key, algorithms=[header["alg"]])

    public = own.as_pem(private=False)
    good = made()
    return {
        "alg none": _unsigned(good),
        "HS256 with the public key": _signed_by_hmac(good, public),
        "another key under our kid": made(key=other),
        "another key offered as jwk": made({"jwk": other.as_dict(private=False)}, key=other),
        "another key at a jku": made({"jku": "https://evil.example/jwks"}, key=other),
        "wrong aud": made(aud="other"),
        "aud as list": made(aud=["holdfast", "other"]),
        "no aud": made(aud=None),
        "wrong iss": made(iss="https://evil.example"),
        "no iss": made(iss=None),
        "an ID token": made({"typ": "JWT"}),
        "no typ": made({"typ": ""}),
        "expired": made(exp=now - 1),
        "no exp": made(exp=None),
        "exp as text": made(exp="never"),
        "nbf in the future": made(nbf=now + 600),
        "no jti": made(jti=None),
        "no sub": made(sub=None),
        "cut signature": good[:-6],
        "no signature": good.rpartition(".")[0] + ".",
        "not a token": "x",
    }


@pytest.mark.abuse("J1")
async def test_forged_tokens_prove_nothing(identity: Identity):
    authenticator: Authenticator = identity.app.state.authenticator
    forged = _forged(identity)
    async with identity.browser() as client:
        for name, token in forged.items():
            with pytest.raises(Problem) as refused:
                await authenticator.claims(token)
            assert refused.value.status == 401, name
            headers = {"Authorization": f"Bearer {token}"}
            assert (await client.get("/v1/me", headers=headers)).status_code == 401, name
            assert await identity.introspected(token) == {"active": False}, name


async def test_a_good_token_of_no_session_of_ours_is_not_live(identity: Identity):
    own, now = identity.app.state.token_issuer.key, int(identity.clock.now().timestamp())
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": own.kid}
    ghost = jwt.encode(header, _claims(now), own, algorithms=["Ed25519"])

    assert await identity.introspected(ghost) == {"active": False}


async def test_the_key_set_holds_no_private_part(identity: Identity):
    async with identity.browser() as client:
        [key] = (await client.get("/.well-known/jwks.json")).json()["keys"]

    assert "d" not in key
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "Ed25519")
