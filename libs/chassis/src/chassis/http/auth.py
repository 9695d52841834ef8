"""Who is calling over REST: bearer tokens checked by identity's public keys, API keys by identity.

RFC 8725: one algorithm, a fixed key set, iss/aud/typ/exp/jti required; jku, x5u, jwk are ignored.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Annotated, Any

import httpx
import structlog
from contracts_schema.events.identity import PlatformRole, Tier
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis import principals
from chassis.clock import Clock
from chassis.http import callers, tls
from chassis.http.ended_sessions import EndedSessions
from chassis.principals import Principal
from chassis.problems import Problem
from chassis.quotas import QUOTA_HEADERS, Quotas
from chassis.storage.database import Database

ALGORITHM = "Ed25519"  # EdDSA with its curve named (RFC 9864); "EdDSA" alone is deprecated
TOKEN_TYPE = "at+jwt"  # noqa: S105
AUDIENCE = "holdfast"
API_KEY_PREFIX = "hfk_"
SESSION, DISCORD_SESSION = "ses", "dsc"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
READ, WRITE, ADMINISTER = "read", "write", "admin"
CACHED = 10_000
API_KEY_TRUSTED_S = 30.0
REFETCH_S = 5.0
ANSWERED = frozenset({200, 422})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token or API key says."""

    user_id: str
    session_id: str
    tier: Tier
    role: PlatformRole
    expires_at: float
    scopes: frozenset[str] = frozenset()


def unauthenticated(wording: str = "unauthenticated") -> Problem:
    """No or no good credentials; which of the common words say why."""
    headers = {"WWW-Authenticate": 'Bearer realm="holdfast"'}
    return Problem(401, "unauthenticated", wording=f"common.{wording}", headers=headers)


def _identity_unavailable() -> Problem:
    wording, headers = "common.login_unchecked", {"Retry-After": "2"}
    return Problem(503, "identity_unavailable", wording=wording, retryable=True, headers=headers)


class Authenticator:
    """Checks bearer credentials; knows identity by its URL only."""

    def __init__(
        self,
        identity_url: str,
        issuer: str,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        service_secret: str = "",
    ) -> None:
        """Trust the keys that identity, reached by the transport, publishes for this issuer.

        Identity answers whether a login still counts only to a service, by its secret.
        """
        self._issuer, self._clock = issuer, clock
        self._http = httpx.AsyncClient(
            base_url=identity_url,
            timeout=3.0,
            transport=transport,
            verify=tls.trusted(),
            headers={callers.SECRET_HEADER: service_secret},
        )
        self._ended = EndedSessions(self._http)
        self._keys: KeySet | None = None
        self._fetched_at = -REFETCH_S
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._ended.close()
        await self._http.aclose()

    async def claims(self, credential: str) -> Claims:
        """What the credential proves; raises a 401 problem when it proves nothing.

        A login that ended proves nothing within a minute, at every service.
        """
        claims = await self._claims(credential)
        if claims.session_id.startswith(SESSION + "_"):
            has_ended = await self._ended.has(claims.session_id)
            if has_ended is None:
                return await self.introspect(credential)
            if has_ended:
                raise unauthenticated("login_ended")
        return claims

    async def _claims(self, credential: str) -> Claims:
        digest = hashlib.sha256(credential.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and known.expires_at > self._clock.now().timestamp():
            return known
        if credential.startswith(API_KEY_PREFIX):
            claims = await self.introspect(credential)
        else:
            claims = await self._verify(credential)
        self._verified[digest] = claims
        while len(self._verified) > CACHED:
            self._verified.popitem(last=False)
        return claims

    async def introspect(self, credential: str) -> Claims:
        """Ask identity now whether the credential still counts (revoked sessions, API keys)."""
        try:
            answer = await self._http.post("/internal/introspect", json={"token": credential})
            if answer.status_code not in ANSWERED:
                log.error("identity.refuses", status=answer.status_code)
                raise _identity_unavailable()
            found = answer.json() if answer.status_code == 200 else {"active": False}
        except (httpx.HTTPError, ValueError) as error:
            raise _identity_unavailable() from error
        if not found.get("active"):
            raise unauthenticated("login_ended")
        expires = self._clock.now().timestamp() + API_KEY_TRUSTED_S
        return _claims({**found, "exp": min(float(found.get("exp", expires)), expires)})

    async def _verify(self, token: str) -> Claims:
        try:
            decoded = jwt.decode(token, await self._key_set(), algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            try:
                decoded = jwt.decode(token, await self._key_set(fresh=True), algorithms=[ALGORITHM])
            except (JoseError, ValueError):
                raise unauthenticated("token_invalid") from None
        self._check(decoded.header, decoded.claims)
        return _claims(decoded.claims)

    def _check(self, header: dict[str, Any], claims: dict[str, Any]) -> None:
        now = self._clock.now().timestamp()
        good = (
            header.get("typ") == TOKEN_TYPE
            and claims.get("iss") == self._issuer
            and claims.get("aud") == AUDIENCE
            and isinstance(claims.get("exp"), int)
            and isinstance(claims.get("jti"), str)
            and isinstance(claims.get("sub"), str)
            and isinstance(claims.get("nbf", 0), int)
            and claims.get("tier", Tier.TIER_0) in list(Tier)
            and claims.get("role", PlatformRole.USER) in list(PlatformRole)
        )
        if not good:
            raise unauthenticated("token_foreign")
        if claims["exp"] <= now or claims.get("nbf", 0) > now + 5:
            raise unauthenticated("token_not_now")

    async def _key_set(self, fresh: bool = False) -> KeySet:
        async with self._lock:
            waited = time.monotonic() - self._fetched_at >= REFETCH_S
            if self._keys is None or (fresh and waited):
                self._fetched_at = time.monotonic()
                try:
                    answer = await self._http.get("/.well-known/jwks.json")
                    self._keys = KeySet.import_key_set(answer.json())
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    if self._keys is None:
                        raise _identity_unavailable() from error
            return self._keys


def _claims(claims: dict[str, Any]) -> Claims:
    return Claims(
        user_id=claims["sub"],
        session_id=str(claims.get("sid", "")),
        tier=Tier(claims.get("tier", Tier.TIER_0)),
        role=PlatformRole(claims.get("role", PlatformRole.USER)),
        expires_at=float(claims["exp"]),
        scopes=frozenset(str(claims.get("scope", "")).split()),
    )


def credential(request: Request) -> str:
    """The bearer credential of the request; 401 if there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise unauthenticated()
    return value.strip()


async def caller(request: Request) -> Principal:
    """The person calling: identity's word on who, this service's own copy on what they may."""
    authenticator: Authenticator = request.app.state.authenticator
    claims = await authenticator.claims(credential(request))
    _count(request, claims)
    _require_scope(request, claims)
    return _allowed(await _known(request, claims), claims)


async def reader(request: Request) -> str:
    """The user id of whoever reads what anybody may read; empty where no login proves one."""
    if "authorization" not in request.headers:
        return ""
    authenticator: Authenticator = request.app.state.authenticator
    try:
        claims = await authenticator.claims(credential(request))
    except Problem:
        return ""
    _count(request, claims)
    return claims.user_id if READ in claims.scopes else ""


async def live_caller(request: Request) -> Principal:
    """The same for routes that move money: what identity says now wins over the service's copy.

    So a login that was ended, a role or tier that was taken and a suspension count at once, and
    an event that comes late brings nothing back.
    """
    authenticator: Authenticator = request.app.state.authenticator
    _count(request, await authenticator.claims(credential(request)))
    claims = await authenticator.introspect(credential(request))
    _require_scope(request, claims)
    told = await _known(request, claims)
    return _allowed(replace(told, tier=claims.tier, role=claims.role, suspended=False), claims)


def _count(request: Request, claims: Claims) -> None:
    """Count the request as the person's; the answer tells what is left to them."""
    quotas: Quotas = request.app.state.quotas
    request.scope[QUOTA_HEADERS] = quotas.take(claims.user_id, claims.session_id)


def _require_scope(request: Request, claims: Claims) -> None:
    """Refuse what the credential was not given for: one without scopes is for nothing."""
    needed = READ if request.method in READING else WRITE
    if needed not in claims.scopes:
        raise Problem(403, "scope_missing", scope=needed)


async def _known(request: Request, claims: Claims) -> Principal:
    database: Database = request.app.state.database
    known = await principals.by_user_id(database, claims.user_id)
    return known or Principal(claims.user_id, claims.tier, claims.role)


def _allowed(told: Principal, claims: Claims) -> Principal:
    """The person by this credential: no more than it was given for."""
    told = replace(told, session_id=claims.session_id, scopes=claims.scopes)
    return told if ADMINISTER in claims.scopes else told.without_administration()


Caller = Annotated[Principal, Depends(caller)]
LiveCaller = Annotated[Principal, Depends(live_caller)]
