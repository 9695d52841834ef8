"""One's own account and logins, and the card that anybody may see of a person."""

from __future__ import annotations

from chassis.http.auth import Caller, LiveCaller
from chassis.http.idempotency import cause_of
from chassis.http.preconditions import etag
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from fastapi import APIRouter, Request
from fastapi.responses import Response

from identity.api import cookies, parts
from identity.api.models import (
    AccountOut,
    CardOut,
    ConsentOut,
    MeOut,
    SessionId,
    SessionOut,
    SessionsOut,
    UserIdPath,
    refusals,
)
from identity.domain.access import EndReason
from identity.handlers import logins
from identity.handlers.keys import require_session
from identity.store import sessions, users

router = APIRouter(tags=["people"])


@router.get("/v1/me", responses=refusals(401, 404), summary="One's own account")
async def me(request: Request, response: Response, caller: Caller) -> MeOut:
    """Everything that identity knows of the caller."""
    database = parts.database(request)
    user = await users.find(database, caller.user_id)
    if user is None:
        raise not_found("Your account")
    response.headers["ETag"] = etag(user.version)
    response.headers["Cache-Control"] = "no-store"
    return MeOut(
        id=user.user_id,
        discord_id=user.discord_id,
        tier=user.tier,
        role=user.role,
        suspended=user.suspended,
        member_since=user.created_at,
        version=user.version,
        accounts=[
            AccountOut.model_validate(account, from_attributes=True)
            for account in await users.accounts(database, user.user_id)
        ],
        consents=[
            ConsentOut.model_validate(consent, from_attributes=True)
            for consent in await users.consents(database, user.user_id)
        ],
    )


@router.get("/v1/users/{user_id}", responses=refusals(404, 422), summary="A person's public card")
async def card(request: Request, user_id: UserIdPath) -> CardOut:
    """Tier and age of an account; nothing personal."""
    user = await users.find(parts.database(request), user_id)
    if user is None:
        raise not_found("This user")
    return CardOut(id=user.user_id, tier=user.tier, member_since=user.created_at.date())


@router.get("/v1/me/sessions", responses=refusals(401), summary="One's own logins")
async def list_sessions(request: Request, caller: Caller) -> SessionsOut:
    """All live logins of the caller, the newest first."""
    found = await sessions.live(parts.database(request), caller.user_id)
    return SessionsOut(
        data=[
            SessionOut(
                id=session.session_id,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                expires_at=session.expires_at,
                user_agent=session.user_agent,
                current=session.session_id == caller.session_id,
            )
            for session in found
        ]
    )


@router.delete(
    "/v1/me/sessions",
    status_code=204,
    responses=refusals(401, 403),
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
    responses=refusals(401, 403, 404, 422),
    summary="End one of one's logins",
)
async def end_session(request: Request, session_id: SessionId, caller: LiveCaller) -> Response:
    """End one login of the caller."""
    if not await _end(request, caller, session_id):
        raise not_found("This session")
    return Response(status_code=204)


async def _end(request: Request, caller: Principal, session_id: str) -> int:
    require_session(caller)

    async def work(tx: Transaction) -> int:
        return await logins.end_sessions(tx, caller.user_id, EndReason.REVOKED, session_id)

    return await parts.database(request).run(work, cause_of(request, caller))
