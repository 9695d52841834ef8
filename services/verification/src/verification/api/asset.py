"""What people own at the providers, over REST."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.routes import Router
from chassis.problems import not_found
from contracts_schema.ids import UserId
from fastapi import Query, Request

from verification.api.problems import outage_shown
from verification.api.schemas import Experiences, OfKind
from verification.handlers import verification
from verification.handlers.verification import Asking

router = Router(tags=["verification"])


@router.get(
    "/v1/users/{user_id}/experiences",
    response_model=Experiences,
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def list_experiences(
    request: Request, user_id: UserId, caller: Caller, asked: Annotated[OfKind, Query()]
) -> Any:
    """The caller's own assets of this kind, asked now."""
    caller.require()
    if user_id != caller.user_id:
        raise not_found("user", user_id)
    asking: Asking = request.app.state.asking
    providers, database = asking.providers, request.app.state.database
    account_id = await verification.account_of(database, providers, asked.kind, user_id)
    with outage_shown():
        found = await providers[asked.kind].assets_of(account_id)
    return {
        "data": [{"kind": asked.kind, "asset_id": it.asset_id, "name": it.name} for it in found]
    }
