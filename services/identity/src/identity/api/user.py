"""One's own account, the card that anybody may see, and what administrators change."""

from __future__ import annotations

from chassis.http.auth import Caller, LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.preconditions import IfMatch, etag, seen_version
from chassis.http.proposals import PROPOSED, proposed
from chassis.http.routes import Router
from chassis.problems import not_found
from chassis.storage.database import Transaction
from fastapi import Request
from fastapi.responses import Response

from identity import handlers, store
from identity.api import dependencies
from identity.api.schemas import CardOut, ChangeIn, MeOut, UserIdPath, UserOut, me_out, user_out
from identity.domain.user import Change, User

router = Router(tags=["people"])
admin = Router(tags=["administration"])


@router.get("/v1/me", responses=documented(401, 404), summary="One's own account")
async def me(request: Request, response: Response, caller: Caller) -> MeOut:
    """Everything that identity knows of the caller."""
    database = dependencies.database(request)
    user = await store.user.find(database, caller.user_id)
    if user is None:
        raise not_found("own_account")
    response.headers["ETag"] = etag(user.version)
    response.headers["Cache-Control"] = "no-store"
    accounts = await store.account.of_user(database, user.user_id)
    return me_out(user, accounts, await store.user.consents_of(database, user.user_id))


@router.get("/v1/users/{user_id}", responses=documented(404, 422), summary="A person's public card")
async def card(request: Request, user_id: UserIdPath) -> CardOut:
    """Tier and age of an account; nothing personal."""
    user = await store.user.find(dependencies.database(request), user_id)
    if user is None:
        raise not_found("user", user_id)
    return CardOut(id=user.user_id, tier=user.tier, member_since=user.created_at.date())


@admin.patch(
    "/v1/admin/users/{user_id}",
    response_model=UserOut,
    responses=PROPOSED | documented(400, 401, 403, 404, 409, 412, 422),
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
    """Change what is named, for a reason that is recorded; for administrators only.

    Making an administrator is proposed, for another one to approve.
    """
    asked = Change(body.reason, body.tier, body.role, body.suspended)
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        done = await handlers.proposal.change_or_propose(tx, caller, user_id, asked, seen)
        return (200, user_out(done)) if isinstance(done, User) else proposed(done)

    return await once(request, caller, key, work)
