"""Tokens for the other services, never routed by the gateway; and the key that proves them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from chassis.http.auth import API_KEY_PREFIX, DISCORD_SESSION, Authenticator, Claims
from chassis.http.callers import only
from chassis.http.routes import Router
from chassis.problems import Problem, not_found
from contracts_schema.ids import new_id
from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response

from identity import store
from identity.api import dependencies
from identity.api.schemas import (
    AccessOut,
    AccountsIn,
    ExchangeIn,
    IntrospectIn,
    IntrospectionOut,
    KeySetOut,
)
from identity.domain import errors
from identity.domain.api_key import scopes_of
from identity.domain.secret import digest
from identity.domain.session import ACCESS_LIFE, EXCHANGED_LIFE
from identity.domain.user import User, as_in_discord

router = Router(tags=["internal"])
MOST_ENDED = 10_000
CLOCKS_APART = timedelta(minutes=1)
INACTIVE = IntrospectionOut(active=False)
WHO_CHECK_LOGINS = (
    "identity", "listings", "contracts", "escrow", "verification", "notifier",
)  # fmt: skip
ChecksLogins = Annotated[str, Depends(only(*WHO_CHECK_LOGINS))]
MakesContracts = Annotated[str, Depends(only("contracts"))]
KnowsDiscord = Annotated[str, Depends(only("discord-gateway"))]


@router.get(
    "/.well-known/jwks.json",
    response_model=KeySetOut,
    summary="The keys that prove access tokens",
)
async def key_set(request: Request) -> Response:
    """The public keys as a JWK set."""
    shown: dict[str, Any] = dependencies.token_issuer(request).key_set()
    return JSONResponse(shown, headers={"Cache-Control": "public, max-age=300"})


@router.post(
    "/internal/introspect",
    response_model_exclude_none=True,
    include_in_schema=False,
    summary="Whether a credential counts now",
)
async def introspect(
    request: Request, body: IntrospectIn, service: ChecksLogins
) -> IntrospectionOut:
    """Look at an access token or API key: by the database, not by what it says of itself."""
    if body.token.startswith(API_KEY_PREFIX):
        return await _api_key(request, body.token)
    authenticator: Authenticator = request.app.state.authenticator
    try:
        claims = await authenticator.claims(body.token)
    except Problem as problem:
        if problem.status != 401:
            raise
        return INACTIVE
    return await _access_token(request, claims)


@router.post(
    "/internal/token-exchange",
    include_in_schema=False,
    summary="A short access token for a person at Discord",
)
async def token_exchange(
    request: Request, response: Response, body: ExchangeIn, service: KnowsDiscord
) -> AccessOut:
    """Let discord-gateway read and write for a person whose Discord account it saw.

    Never as an administrator: nothing of theirs is done in Discord.
    """
    database = dependencies.database(request)
    user = await store.user.find_by_discord_id(database, body.discord_user_id)
    if user is None:
        raise not_found("discord_account")
    if user.suspended:
        raise errors.Suspended
    token = dependencies.token_issuer(request).access_token(
        as_in_discord(user),
        new_id(DISCORD_SESSION),
        database.clock.now(),
        EXCHANGED_LIFE,
    )
    response.headers["Cache-Control"] = "no-store"
    return AccessOut(access_token=token, expires_in=int(EXCHANGED_LIFE.total_seconds()))


@router.post(
    "/internal/accounts",
    include_in_schema=False,
    summary="Which outside accounts people have, by which names",
)
async def accounts(request: Request, body: AccountsIn, service: MakesContracts) -> Response:
    """Tell contracts who the parties of a contract are at Discord and Roblox."""
    people: dict[str, list[dict[str, str]]] = {each: [] for each in body.user_ids}
    for one in await store.account.named(dependencies.database(request), body.user_ids):
        account = {"provider": one.provider, "provider_user_id": one.provider_user_id}
        people[one.user_id].append({**account, "name": one.name})
    return JSONResponse({"people": people}, headers={"Cache-Control": "no-store"})


@router.get(
    "/internal/ended-sessions",
    include_in_schema=False,
    summary="Which logins ended whose access tokens still live",
)
async def ended_sessions(request: Request, service: ChecksLogins) -> Response:
    """Every login that ended within the life of an access token, unless there are too many."""
    database = dependencies.database(request)
    since = database.clock.now() - ACCESS_LIFE - CLOCKS_APART
    ended = await store.session.ended_since(database, since, MOST_ENDED + 1)
    told = {"complete": len(ended) <= MOST_ENDED, "ended": ended[:MOST_ENDED]}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _api_key(request: Request, secret: str) -> IntrospectionOut:
    database = dependencies.database(request)
    key = await store.api_key.use(database, digest(secret))
    user = await store.user.find(database, key.user_id) if key is not None else None
    if key is None or user is None or user.suspended:
        return INACTIVE
    allowed = scopes_of(user.role)
    scope = " ".join(scope for scope in key.scopes if scope in allowed)
    if not scope:
        return INACTIVE
    return _active(user, key.key_id, scope, int(key.expires_at.timestamp()))


async def _access_token(request: Request, claims: Claims) -> IntrospectionOut:
    database = dependencies.database(request)
    user = await store.user.find(database, claims.user_id)
    if user is None or user.suspended:
        return INACTIVE
    if claims.session_id.startswith(DISCORD_SESSION + "_"):
        user = as_in_discord(user)
    elif not await store.session.is_live(database, claims.session_id, user.user_id):
        return INACTIVE
    scope = " ".join(sorted(claims.scopes))
    return _active(user, claims.session_id, scope, int(claims.expires_at))


def _active(user: User, sid: str, scope: str, exp: int) -> IntrospectionOut:
    return IntrospectionOut(
        active=True,
        sub=user.user_id,
        sid=sid,
        tier=user.tier,
        role=user.role,
        scope=scope,
        exp=exp,
    )
