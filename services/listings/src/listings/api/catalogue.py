"""Listings over REST. Reading one and writing one are the service's hot paths."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http import auth
from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once
from chassis.http.lists import Cursors, CursorText, Limit
from chassis.http.preconditions import IfMatch, etag, seen_version
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import CreateListing, WithdrawListing
from contracts_schema.ids import derive_id, new_id
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from listings import pages, store
from listings.api.models import (
    EditIn,
    ListingOut,
    ListingPage,
    ListingPath,
    next_link,
    refusals,
)
from listings.handlers import market
from listings.handlers.market import Edit

router = APIRouter(tags=["listings"])
Category = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


@router.get(
    "/v1/listings",
    response_model=ListingPage,
    responses=refusals(401, 422),
    summary="What is for sale, or one's own listings",
)
async def list_listings(
    request: Request,
    response: Response,
    category: Category = None,
    mine: bool = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Any:
    """Public listings newest first; with ``mine`` the caller's own, in every state."""
    cursors: Cursors = request.app.state.cursors
    database: Database = request.app.state.database
    caller = await auth.caller(request) if mine else None
    filters = {"category": category, "mine": caller.user_id if caller else ""}
    after = cursors.read(cursor, filters)
    if caller is not None:
        found = await pages.listings_of(database, caller.user_id, category, after, limit)
    else:
        found = await pages.public_listings(database, category, after, limit)
    following = None
    if len(found) == limit:
        following = cursors.write((found[-1].created_at, found[-1].listing_id), filters)
        asked = {"category": category, "mine": "true" if mine else None}
        response.headers["Link"] = next_link("/v1/listings", asked, following, limit)
    return ListingPage(data=[ListingOut.of(each) for each in found], next_cursor=following)


@router.get(
    "/v1/listings/{listing_id}",
    responses={200: {"model": ListingOut}, **refusals(401, 404, 422)},
    response_model=None,
    summary="One listing",
)
async def read_listing(request: Request, listing_id: ListingPath) -> Response:
    """A public listing is anybody's to read; a private one its seller's and its bidders'.

    One that was never proven is its seller's alone.
    """
    row = await pages.shown_listing(request.app.state.database, listing_id)
    if row is None:
        raise not_found(f"The listing {listing_id}")
    if row["visibility"] != "PUBLIC" or row["snapshot_id"] is None:
        await _only_parties(request, row, listing_id)
    headers = {"ETag": etag(row["version"])}
    return Response(row["shown"], media_type="application/json", headers=headers)


@router.post(
    "/v1/listings",
    status_code=201,
    response_model=ListingOut,
    responses=refusals(401, 403, 422),
    summary="Put one's own game up for sale",
)
async def create_listing(
    request: Request, caller: Caller, command: CreateListing, key: IdempotencyKey = None
) -> Response:
    """Live at once when ownership was proven in the last 24 hours; else a draft until it is."""
    database: Database = request.app.state.database
    seed = (caller.user_id, key) if key else None
    listing_id = derive_id("lst", *seed) if seed else new_id("lst")
    fresh = market.draft(caller, command, listing_id, database.clock.now())
    proof = await store.verified(database, caller.user_id, command.asset_id)
    listing = market.with_proof(fresh, proof)
    if key is None:
        await market.create_at_once(database, cause_of(request, caller), listing)
        return _shown(listing, 201)

    async def work(tx: Transaction) -> Answer:
        return 201, ListingOut.of(await market.create(tx, listing))

    return await once(request, caller, key, work)


@router.patch(
    "/v1/listings/{listing_id}",
    response_model=ListingOut,
    responses=refusals(400, 401, 403, 404, 409, 412, 422),
    summary="Edit one's own listing",
)
async def edit_listing(
    request: Request,
    listing_id: ListingPath,
    caller: Caller,
    body: EditIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Change title, summary, price or category."""
    change = Edit(body.title, body.summary, body.price, body.category)
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, ListingOut.of(await market.edit(tx, caller, listing_id, change, seen))

    return await once(request, caller, key, work)


@router.delete(
    "/v1/listings/{listing_id}",
    response_model=ListingOut,
    responses=refusals(400, 401, 403, 404, 409, 412, 422),
    summary="Take one's own listing down",
)
async def withdraw_listing(
    request: Request,
    listing_id: ListingPath,
    caller: Caller,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Its open offers are declined."""
    command, seen = WithdrawListing(listing_id=listing_id), seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, ListingOut.of(await market.withdraw(tx, caller, command, seen))

    return await once(request, caller, key, work)


@router.put(
    "/v1/listings/{listing_id}/watch",
    status_code=204,
    responses=refusals(401, 404, 422),
    summary="Follow a listing",
)
async def watch_listing(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Following twice is following once."""
    caller.require()
    await read_listing(request, listing_id)
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        await pages.watch(tx, caller.user_id, listing_id)
    return Response(status_code=204)


@router.delete(
    "/v1/listings/{listing_id}/watch",
    status_code=204,
    responses=refusals(401, 422),
    summary="Follow a listing no longer",
)
async def unwatch_listing(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Not following stays not following."""
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        await pages.unwatch(tx, caller.user_id, listing_id)
    return Response(status_code=204)


async def _only_parties(request: Request, row: Any, listing_id: str) -> None:
    if "authorization" in request.headers:
        user_id = (await auth.caller(request)).user_id
        database: Database = request.app.state.database
        if row["seller_id"] == user_id:
            return
        if row["snapshot_id"] and await store.is_negotiating(database, user_id, listing_id):
            return
    raise not_found(f"The listing {listing_id}")


def _shown(listing: Any, status: int) -> Response:
    body = ListingOut.of(listing).model_dump(mode="json")
    return JSONResponse(body, status, headers={"ETag": etag(listing.version)})
