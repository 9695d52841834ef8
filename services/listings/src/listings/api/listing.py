"""Listings over REST. Reading one and writing one are the service's hot paths."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from chassis.http import auth
from chassis.http.answers import written
from chassis.http.auth import Caller
from chassis.http.description import LOGIN_OR_NOT
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.lists import Cursors, Page
from chassis.http.preconditions import IfMatch, etag, seen_version
from chassis.http.routes import Router
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import CreateListing, WithdrawListing
from fastapi import Query, Request
from fastapi.responses import Response

from listings import store
from listings.api.schemas import AskedListings, EditIn, ListingOut, ListingPage, ListingPath
from listings.domain.listing import Listing
from listings.handlers import asset, listing
from listings.handlers.listing import Edit

router = Router(tags=["listings"])
REFUSED = documented(400, 401, 403, 404, 409, 412, 422)


@router.get(
    "/v1/listings",
    response_model=ListingPage,
    responses=documented(401, 422),
    openapi_extra=LOGIN_OR_NOT,
    summary="What is for sale, or one's own listings",
)
async def list_listings(
    request: Request, response: Response, asked: Annotated[AskedListings, Query()]
) -> Any:
    """Public listings newest first; with ``mine`` the caller's own, in every state."""
    cursors: Cursors = request.app.state.cursors
    database: Database = request.app.state.database
    caller = await auth.caller(request) if asked.mine else None
    reader = caller.user_id if caller else await auth.reader(request)
    page: Page[Listing] = Page(
        {"category": asked.category, "mine": caller.user_id if caller else ""},
        lambda each: (each.created_at, each.listing_id),
    )
    after = cursors.read(asked.cursor, page.filters)
    if caller is not None:
        of = partial(store.listing.of_seller, database, caller.user_id)
    else:
        of = partial(store.listing.public, database)
    found = await of(asked.category, after, asked.rows)
    shown, following = cursors.cut(response, request, asked, found, page)
    data = [ListingOut.of(each, reader) for each in shown]
    return ListingPage(data=data, next_cursor=following)


@router.get(
    "/v1/listings/{listing_id}",
    responses={200: {"model": ListingOut}, **documented(401, 404, 422)},
    response_model=None,
    openapi_extra=LOGIN_OR_NOT,
    summary="One listing",
)
async def read_listing(request: Request, listing_id: ListingPath) -> Response:
    """A public listing is anybody's to read; a private one its seller's and its bidders'.

    One that was never proven is its seller's alone.
    """
    found = await visible(request, listing_id)
    headers = {"ETag": etag(found.version)}
    shown = ListingOut.of(found, await auth.reader(request))
    return Response(written(shown), media_type="application/json", headers=headers)


@router.post(
    "/v1/listings",
    status_code=201,
    response_model=ListingOut,
    responses=documented(401, 403, 409, 422),
    summary="Put one's own game up for sale",
)
async def create_listing(
    request: Request, caller: Caller, command: CreateListing, key: IdempotencyKey = None
) -> Response:
    """Live at once when ownership was proven in the last 24 hours; else a draft until it is.

    An asset is live in one listing only.
    """
    async with asset.proof(request.app.state.database, caller, command) as proof:

        async def work(tx: Transaction) -> Answer:
            return 201, ListingOut.of(
                await listing.create(tx, caller, command, proof), caller.user_id
            )

        return await once(request, caller, key, work)


@router.patch(
    "/v1/listings/{listing_id}",
    response_model=ListingOut,
    responses=REFUSED,
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
    change = Edit(listing_id, body.title, body.summary, body.price, body.category)
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, ListingOut.of(await listing.edit(tx, caller, change, seen=seen), caller.user_id)

    return await once(request, caller, key, work)


@router.delete(
    "/v1/listings/{listing_id}",
    response_model=ListingOut,
    responses=REFUSED,
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
        return 200, ListingOut.of(
            await listing.withdraw(tx, caller, command, seen=seen), caller.user_id
        )

    return await once(request, caller, key, work)


async def visible(request: Request, listing_id: str) -> Listing:
    """The listing, if whoever asks may see it; else it is not found."""
    found = await store.listing.find(request.app.state.database, listing_id)
    if found is None or not (found.visible_to("", None) or await _is_party(request, found)):
        raise not_found("listing", listing_id)
    return found


async def _is_party(request: Request, found: Listing) -> bool:
    if "authorization" not in request.headers:
        return False
    user_id = (await auth.caller(request)).user_id
    if found.seller_id == user_id:
        return True
    database: Database = request.app.state.database
    proven = found.snapshot_id is not None
    return proven and await store.offer.has_bid(database, user_id, found.listing_id)
