"""What people had typed of an offer, over REST."""

from __future__ import annotations

from typing import Any

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.problems import not_found
from fastapi import Request
from fastapi.responses import Response

from listings import store
from listings.api.schemas import DraftIn, DraftOut, ListingPath
from listings.handlers import draft

router = Router(tags=["drafts"])


@router.put(
    "/v1/listings/{listing_id}/offer-draft",
    response_model=DraftOut,
    responses=documented(401, 403, 404, 422),
    summary="Keep what one had typed",
)
async def keep_draft(
    request: Request, listing_id: ListingPath, caller: Caller, body: DraftIn
) -> Any:
    """For half an hour, so that a lost form loses nothing."""
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        kept = await draft.keep(tx, caller, listing_id, body.model_dump())
    return {**kept.draft, "expires_at": kept.expires_at}


@router.get(
    "/v1/listings/{listing_id}/offer-draft",
    response_model=DraftOut,
    responses=documented(401, 404, 422),
    summary="What one had typed",
)
async def read_draft(request: Request, listing_id: ListingPath, caller: Caller) -> Any:
    """The draft, while it is kept."""
    found = await store.draft.find(request.app.state.database, caller.user_id, listing_id)
    if found is None:
        raise not_found("draft")
    return {**found.draft, "expires_at": found.expires_at}


@router.delete(
    "/v1/listings/{listing_id}/offer-draft",
    status_code=204,
    responses=documented(401, 422),
    summary="Forget what one had typed",
)
async def drop_draft(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Forgetting twice is forgetting once."""
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        await draft.drop(tx, caller, listing_id)
    return Response(status_code=204)
