"""Logging in with Discord, refreshing, and logging out."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import caller as bearer_caller
from chassis.http.idempotency import cause_of
from chassis.storage.database import Transaction
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from identity.api import cookies, parts
from identity.api.models import DiscordLogin, RefreshIn, TokensOut, UrlOut, refusals
from identity.domain import errors
from identity.domain.access import ACCESS_LIFE, EndReason
from identity.domain.links import State
from identity.domain.people import Provider
from identity.handlers import linking, logins
from identity.handlers.linking import RoundTrip
from identity.handlers.logins import Login
from identity.pages import SAFE_HEADERS
from identity.secret import challenge

router = APIRouter(tags=["login"])
OAuthText = Annotated[str, Query(max_length=2000)]
UNCACHED = {"Cache-Control": "no-store"}


@router.post(
    "/v1/auth/discord/url",
    response_model=UrlOut,
    responses=refusals(422),
    summary="Where to log in with Discord",
)
async def discord_url(request: Request, response: Response, body: DiscordLogin) -> UrlOut:
    """Begin a login: give the URL, and a cookie without which it cannot be finished."""
    trip = RoundTrip.begin()
    terms = body.terms_version if body.consent else None

    async def work(tx: Transaction) -> None:
        await logins.begin_login(tx, trip, terms, body.redirect_to)

    await parts.database(request).run(work, parts.cause(request, "browser"))
    cookies.bind(request, response, trip)
    response.headers.update(UNCACHED)
    url = parts.discord(request).authorize_url(trip.state, challenge(trip.verifier))
    return UrlOut(url=url)


@router.get(
    "/v1/auth/discord/callback",
    response_model=TokensOut,
    responses={
        303: {"description": "To where the login was begun for"},
        **refusals(400, 403, 503),
    },
    summary="Where Discord sends the browser back to",
)
async def discord_callback(
    request: Request, state: OAuthText = "", code: OAuthText = "", error: OAuthText = ""
) -> Response:
    """Finish the login that this browser began; who consented and is unknown joins."""
    taken = await _take(request, state)
    if error or not code:
        raise errors.ProviderRefused(Provider.DISCORD, error[:40])
    discord_id = await parts.discord(request).account_id(code, taken.verifier)
    admins = parts.settings(request).bootstrap_admins
    agent = _printable(request.headers.get("user-agent", ""))

    async def work(tx: Transaction) -> Login:
        return await logins.log_in(tx, taken, discord_id, agent, admins)

    cause = parts.cause(request, f"discord:{discord_id}")
    login = await parts.database(request).run(work, cause)
    response: Response = _tokens(request, login)
    if taken.redirect_to is not None:
        base = parts.settings(request).public_base_url.rstrip("/")
        response = RedirectResponse(base + taken.redirect_to, 303, headers=SAFE_HEADERS)
        cookies.keep_refresh(request, response, login.refresh_token)
    cookies.unbind(response, state)
    return response


@router.post(
    "/v1/auth/refresh",
    response_model=TokensOut,
    responses=refusals(401, 422),
    summary="Exchange a refresh token for new tokens",
)
async def refresh(request: Request, body: RefreshIn | None = None) -> Response:
    """Each refresh token works once; one that is seen twice ends the login it came from."""
    token = _refresh_token(request, body)
    if token is None:
        raise errors.RefreshRefused

    async def work(tx: Transaction) -> Login | None:
        return await logins.refresh(tx, token)

    login = await parts.database(request).run(work, parts.cause(request, "refresh"))
    if login is None:
        raise errors.RefreshRefused
    return _tokens(request, login)


@router.post(
    "/v1/auth/logout",
    status_code=204,
    responses=refusals(401, 422),
    summary="End this login",
)
async def logout(request: Request, body: RefreshIn | None = None) -> Response:
    """End the session of the refresh token (body or cookie), else that of the access token."""
    token = _refresh_token(request, body)
    if token is not None:
        cause = parts.cause(request, "refresh")

        async def work(tx: Transaction) -> None:
            await logins.log_out(tx, token)

        await parts.database(request).run(work, cause)
    else:
        await _log_out_bearer(request)
    response = Response(status_code=204)
    cookies.drop_refresh(response)
    return response


async def _log_out_bearer(request: Request) -> None:
    caller = await bearer_caller(request)
    if not caller.session_id.startswith("ses_"):
        raise errors.KeyNeedsSession

    async def work(tx: Transaction) -> None:
        await logins.end_sessions(tx, caller.user_id, EndReason.LOGOUT, caller.session_id)

    await parts.database(request).run(work, cause_of(request, caller))


async def _take(request: Request, state: str) -> State:
    async def work(tx: Transaction) -> State:
        return await linking.take_state(tx, state, cookies.bound(request, state), Provider.DISCORD)

    return await parts.database(request).run(work, parts.cause(request, "browser"))


def _refresh_token(request: Request, body: RefreshIn | None) -> str | None:
    named = body.refresh_token if body is not None else None
    return named or request.cookies.get(cookies.REFRESH)


def _tokens(request: Request, login: Login) -> JSONResponse:
    told: dict[str, Any] = TokensOut(
        access_token=parts.access_token(request, login.user, login.session_id),
        refresh_token=login.refresh_token,
        expires_in=int(ACCESS_LIFE.total_seconds()),
    ).model_dump(mode="json")
    response = JSONResponse(told, headers=UNCACHED)
    cookies.keep_refresh(request, response, login.refresh_token)
    return response


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]
