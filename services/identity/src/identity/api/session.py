"""Sessions: refreshed, listed, and ended."""

from __future__ import annotations

from typing import Any

from chassis.http.auth import Caller, LiveCaller
from chassis.http.auth import caller as bearer_caller
from chassis.http.description import LOGIN_ONLY
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from identity import handlers, store
from identity.api import cookies, dependencies
from identity.api.schemas import RefreshIn, SessionId, SessionsOut, TokensOut, session_out
from identity.domain import errors
from identity.domain.session import ACCESS_LIFE, EndReason, Login
from identity.handlers.api_key import require_session

router = Router(tags=["sessions"])
UNCACHED = {"Cache-Control": "no-store"}


@router.post(
    "/v1/auth/refresh",
    response_model=TokensOut,
    responses=documented(401, 422),
    summary="Exchange a refresh token for new tokens",
)
async def refresh(request: Request, body: RefreshIn | None = None) -> Response:
    """Each refresh token works once; one that is seen twice ends the login it came from."""
    token = _refresh_token(request, body)
    if token is None:
        raise errors.RefreshRefused

    async def work(tx: Transaction) -> Login | None:
        return await handlers.session.refresh(tx, token)

    login = await dependencies.database(request).run(work, dependencies.cause(request, "refresh"))
    if login is None:
        raise errors.RefreshRefused
    return tokens(request, login)


@router.post(
    "/v1/auth/logout",
    status_code=204,
    openapi_extra={"security": [{}, *LOGIN_ONLY["security"]]},
    responses=documented(401, 422),
    summary="End this login",
)
async def logout(request: Request, body: RefreshIn | None = None) -> Response:
    """End the session of the refresh token (body or cookie), else that of the access token."""
    token = _refresh_token(request, body)
    if token is not None:
        cause = dependencies.cause(request, "refresh")

        async def work(tx: Transaction) -> None:
            await handlers.session.log_out(tx, token)

        await dependencies.database(request).run(work, cause)
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
        await handlers.session.end(tx, caller.user_id, EndReason.LOGOUT, caller.session_id)

    await dependencies.database(request).run(work, cause_of(request, caller))


@router.get("/v1/me/sessions", responses=documented(401), summary="One's own logins")
async def list_sessions(request: Request, caller: Caller) -> SessionsOut:
    """All live logins of the caller, the newest first."""
    found = await store.session.live(dependencies.database(request), caller.user_id)
    return SessionsOut(data=[session_out(each, caller.session_id) for each in found])


@router.delete(
    "/v1/me/sessions",
    status_code=204,
    openapi_extra=LOGIN_ONLY,
    responses=documented(401, 403),
    summary="End all of one's logins",
)
async def end_all_sessions(request: Request, caller: LiveCaller) -> Response:
    """End every login of the caller, this one too."""
    await _end(request, caller, "")
    response = Response(status_code=204)
    cookies.drop_refresh(response)
    return response


@router.delete(
    "/v1/me/sessions/{session_id}",
    status_code=204,
    openapi_extra=LOGIN_ONLY,
    responses=documented(401, 403, 404, 422),
    summary="End one of one's logins",
)
async def end_session(request: Request, session_id: SessionId, caller: LiveCaller) -> Response:
    """End one login of the caller."""
    if not await _end(request, caller, session_id):
        raise not_found("session", session_id)
    return Response(status_code=204)


async def _end(request: Request, caller: Principal, session_id: str) -> int:
    require_session(caller)

    async def work(tx: Transaction) -> int:
        return await handlers.session.end(tx, caller.user_id, EndReason.REVOKED, session_id)

    return await dependencies.database(request).run(work, cause_of(request, caller))


def _refresh_token(request: Request, body: RefreshIn | None) -> str | None:
    named = body.refresh_token if body is not None else None
    return named or request.cookies.get(cookies.REFRESH)


def tokens(request: Request, login: Login) -> JSONResponse:
    """The tokens of a login; a browser gets the refresh token as a cookie too."""
    told: dict[str, Any] = TokensOut(
        access_token=dependencies.access_token(request, login.user, login.session_id),
        refresh_token=login.refresh_token,
        expires_in=int(ACCESS_LIFE.total_seconds()),
    ).model_dump(mode="json")
    response = JSONResponse(told, headers=UNCACHED)
    cookies.keep_refresh(request, response, login.refresh_token)
    return response
