"""Who follows which listing, over REST."""

from __future__ import annotations

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.routes import Router
from fastapi import Request
from fastapi.responses import Response

from listings import store
from listings.api.listing import visible
from listings.api.schemas import ListingPath

router = Router(tags=["watches"])


@router.put(
    "/v1/listings/{listing_id}/watch",
    status_code=204,
    responses=documented(401, 404, 422),
    summary="Follow a listing",
)
async def watch_listing(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Following twice is following once."""
    caller.require()
    await visible(request, listing_id)
    await store.watch.add(request.app.state.database, caller.user_id, listing_id)
    return Response(status_code=204)


@router.delete(
    "/v1/listings/{listing_id}/watch",
    status_code=204,
    responses=documented(401, 422),
    summary="Follow a listing no longer",
)
async def unwatch_listing(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Not following stays not following."""
    await store.watch.drop(request.app.state.database, caller.user_id, listing_id)
    return Response(status_code=204)
