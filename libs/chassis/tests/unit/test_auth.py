"""Only tokens that identity signed for this API, and only now, prove who is calling."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from chassis.clock import ManualClock
from chassis.http import auth, ended_sessions
from chassis.http.auth import ALGORITHM, Authenticator
from chassis.problems import Problem
from contracts_schema.events.identity import PlatformRole, Tier
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

ISSUER = "http://127.0.0.1:8080"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = {"alg": ALGORITHM, "typ": "at+jwt", "kid": "first"}


def a_key(kid: str = "first") -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": kid}, private=True)


def some_claims(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": "holdfast",
        "sub": "usr_1",
        "sid": "ses_1",
        "jti": "1",
        "tier": "TIER_1",
        "role": "USER",
        "iat": now,
        "nbf": now,
        "exp": now + 900,
    }
    return {key: it for key, it in (claims | changes).items() if it is not None}


class Identity:
    """Publishes keys and knows sessions; it can be away."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys, self.away, self.asked = list(keys), False, []
        self.sessions: dict[str, dict[str, Any]] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            raise httpx.ConnectError("away", request=request)
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(
                200, json={"keys": [key.as_dict(private=False) for key in self.keys]}
            )
        if request.url.path == ended_sessions.PATH:
            return httpx.Response(200, json={"complete": True, "ended": []})
        known = self.sessions.get(json.loads(request.content)["token"])
        return httpx.Response(200, json={"active": False} if known is None else known)


@pytest.fixture
def key() -> OKPKey:
    return a_key()


@pytest.fixture
def identity(key) -> Identity:
    return Identity(key)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def authenticator(identity, clock):
    made = Authenticator("http://identity", ISSUER, clock, httpx.MockTransport(identity.answer))
    yield made
    await made.close()


def signed(key: OKPKey, header: dict[str, Any] | None = None, **claims: Any) -> str:
    return jwt.encode(header or HEADER, some_claims(**claims), key, algorithms=[ALGORITHM])


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def refused(authenticator: Authenticator, token: str) -> Problem:
    with pytest.raises(Problem) as caught:
        await authenticator.claims(token)
    return caught.value


async def test_a_good_token_tells_who_is_calling(authenticator, key):
    claims = await authenticator.claims(signed(key, scope="read write"))

    assert (claims.user_id, claims.session_id) == ("usr_1", "ses_1")
    assert (claims.tier, claims.role) == (Tier.TIER_1, PlatformRole.USER)
    assert claims.scopes == {"read", "write"}


def unsigned(key: OKPKey) -> str:
    return f"{part(HEADER | {'alg': 'none'})}.{part(some_claims())}."


def by_the_public_key_as_a_secret(key: OKPKey) -> str:
    public = key.public_key
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = f"{part(HEADER | {'alg': 'HS256'})}.{part(some_claims())}"
    mac = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def by_a_stranger_who_says_where_the_key_is(_: OKPKey) -> str:
    stranger = a_key("stranger")
    header = HEADER | {"kid": "stranger", "jku": "http://stranger/jwks.json"}
    return signed(stranger, header)


def by_a_stranger_who_brings_the_key(_: OKPKey) -> str:
    stranger = a_key("stranger")
    return signed(stranger, HEADER | {"jwk": stranger.as_dict(private=False)})


def with_another_payload(key: OKPKey) -> str:
    header, _, signature = signed(key).split(".")
    return f"{header}.{part(some_claims(sub='usr_2'))}.{signature}"


FORGED: dict[str, Callable[[OKPKey], str]] = {
    "alg none": unsigned,
    "HS256 with the public key": by_the_public_key_as_a_secret,
    "another key": lambda _: signed(a_key()),
    "another kid": lambda _: signed(a_key("second"), HEADER | {"kid": "second"}),
    "a jku header": by_a_stranger_who_says_where_the_key_is,
    "a jwk header": by_a_stranger_who_brings_the_key,
    "another payload": with_another_payload,
    "another audience": lambda key: signed(key, aud="elsewhere"),
    "a list of audiences": lambda key: signed(key, aud=["holdfast", "elsewhere"]),
    "no audience": lambda key: signed(key, aud=None),
    "another issuer": lambda key: signed(key, iss="http://elsewhere"),
    "no issuer": lambda key: signed(key, iss=None),
    "an id token": lambda key: signed(key, HEADER | {"typ": "JWT"}),
    "no typ": lambda key: signed(key, {"alg": ALGORITHM, "kid": "first"}),
    "expired": lambda key: signed(key, exp=int(NOW.timestamp()) - 1),
    "expires now": lambda key: signed(key, exp=int(NOW.timestamp())),
    "no exp": lambda key: signed(key, exp=None),
    "exp as text": lambda key: signed(key, exp="9999999999"),
    "not yet": lambda key: signed(key, nbf=int(NOW.timestamp()) + 60),
    "no jti": lambda key: signed(key, jti=None),
    "no subject": lambda key: signed(key, sub=None),
    "an unknown tier": lambda key: signed(key, tier="TIER_9"),
    "nbf as text": lambda key: signed(key, nbf="never"),
    "no token": lambda _: "not.a.token",
    "empty parts": lambda _: "..",
    "letters": lambda _: "é" * 40,
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
@pytest.mark.abuse("J1", "J2", "J3")
async def test_a_token_that_proves_nothing_is_refused(authenticator, key, forge):
    problem = await refused(authenticator, forge(key))

    assert (problem.status, problem.code) == (401, "unauthenticated")
    assert problem.headers["WWW-Authenticate"].startswith("Bearer")
    assert problem.next_action


@pytest.mark.abuse("J1")
async def test_no_key_is_fetched_from_where_a_token_says(authenticator, identity, key):
    await refused(authenticator, by_a_stranger_who_says_where_the_key_is(key))

    assert set(identity.asked) == {"/.well-known/jwks.json"}


async def test_a_token_known_to_be_good_ends_with_its_time(authenticator, clock, key):
    token = signed(key)
    await authenticator.claims(token)

    clock.advance(timedelta(minutes=15))

    await refused(authenticator, token)


async def test_without_keys_a_login_cannot_be_checked_and_may_be_tried_again(
    authenticator, identity, key
):
    identity.away = True

    problem = await refused(authenticator, signed(key))

    assert (problem.status, problem.retryable) == (503, True)
    identity.away = False
    assert (await authenticator.claims(signed(key))).user_id == "usr_1"


async def test_keys_once_known_outlast_an_outage(authenticator, identity, key):
    await authenticator.claims(signed(key))
    identity.away = True

    assert (await authenticator.claims(signed(key, jti="2"))).user_id == "usr_1"


async def test_a_new_key_is_fetched_when_a_token_names_it(authenticator, identity, key):
    await authenticator.claims(signed(key))
    second = a_key("second")
    identity.keys.append(second)
    authenticator._fetched_at -= auth.REFETCH_S

    claims = await authenticator.claims(signed(second, HEADER | {"kid": "second"}))

    assert claims.user_id == "usr_1"
    assert (await authenticator.claims(signed(key, jti="2"))).user_id == "usr_1"


async def test_bad_tokens_do_not_make_it_ask_for_keys_again_and_again(authenticator, identity):
    for _ in range(20):
        await refused(authenticator, signed(a_key()))

    assert len(identity.asked) == 1


async def test_an_api_key_is_checked_by_identity_and_believed_for_half_a_minute(
    authenticator, identity, clock
):
    identity.sessions["hfk_1"] = {"active": True, "sub": "usr_1", "scope": "read"}

    assert (await authenticator.claims("hfk_1")).scopes == {"read"}
    del identity.sessions["hfk_1"]
    assert (await authenticator.claims("hfk_1")).user_id == "usr_1"
    clock.advance(timedelta(seconds=30))
    await refused(authenticator, "hfk_1")


async def test_a_revoked_session_is_refused_where_identity_is_asked(authenticator, key):
    token = signed(key)
    await authenticator.claims(token)

    with pytest.raises(Problem, match="no longer valid"):
        await authenticator.introspect(token)


@pytest.mark.abuse("K10")
async def test_where_identity_must_be_asked_its_absence_is_no_permission(
    authenticator, identity, key
):
    identity.away = True

    with pytest.raises(Problem) as caught:
        await authenticator.introspect(signed(key))

    assert (caught.value.status, caught.value.retryable) == (503, True)
