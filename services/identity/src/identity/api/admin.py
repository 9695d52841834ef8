"""What team members change about people."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.preconditions import IfMatch, seen_version
from chassis.storage.database import Transaction
from fastapi import APIRouter, Request
from fastapi.responses import Response

from identity.api.models import ChangeIn, UserIdPath, UserOut, refusals
from identity.domain.people import Change
from identity.handlers import people

router = APIRouter(tags=["administration"])


@router.patch(
    "/v1/admin/users/{user_id}",
    response_model=UserOut,
    responses=refusals(400, 401, 403, 404, 409, 412, 422),
    summary="Change a person's tier, role or suspension",
)
async def change_user(
    request: Request,
    user_id: UserIdPath,
    body: ChangeIn,
    caller: LiveCaller,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Change what is named, for a reason that is recorded; for administrators only."""
    wish = Change(body.reason, body.tier, body.role, body.suspended)
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        user = await people.change_user(tx, caller, user_id, wish, seen)
        return 200, UserOut(
            id=user.user_id,
            discord_id=user.discord_id,
            tier=user.tier,
            role=user.role,
            suspended=user.suspended,
            member_since=user.created_at,
            version=user.version,
        )

    return await once(request, caller, key, work)
