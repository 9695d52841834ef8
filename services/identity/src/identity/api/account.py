"""One's own linked accounts, given up."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.description import LOGIN_ONLY
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Request
from fastapi.responses import Response

from identity import handlers
from identity.api import dependencies
from identity.domain.account import Provider
from identity.handlers.api_key import require_session

router = Router(tags=["linking"])


@router.delete(
    "/v1/me/accounts/roblox",
    status_code=204,
    openapi_extra=LOGIN_ONLY,
    responses=documented(401, 403, 404),
    summary="Unlink one's own Roblox account",
)
async def unlink(request: Request, caller: LiveCaller) -> Response:
    """Give the account up: it may be linked again, by whoever proves it; the tier is TIER_0."""
    require_session(caller)

    async def work(tx: Transaction) -> None:
        await handlers.account.unlink(tx, caller, Provider.ROBLOX)

    await dependencies.database(request).run(work, cause_of(request, caller))
    return Response(status_code=204)
