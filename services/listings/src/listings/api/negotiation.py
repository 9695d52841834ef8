"""Offers over REST."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once, once_prepared
from chassis.http.lists import Cursors, CursorText, Limit
from chassis.http.preconditions import etag
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import (
    AcceptOffer,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    WithdrawOffer,
)
from contracts_schema.ids import ListingId, uuid7
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from listings import pages, store
from listings.api.models import (
    DraftIn,
    DraftOut,
    ListingPath,
    OfferIn,
    OfferOut,
    OfferPage,
    OfferPath,
    next_link,
    refusals,
)
from listings.handlers import offers
from listings.ports import OwnershipCheck

router = APIRouter(tags=["offers"])
OfListing = Annotated[ListingId | None, Query()]
REFUSED = refusals(400, 401, 403, 404, 409, 422)


@router.post(
    "/v1/listings/{listing_id}/offers",
    status_code=201,
    response_model=OfferOut,
    responses=REFUSED,
    summary="Put a price to the seller",
)
async def make_offer(
    request: Request,
    listing_id: ListingPath,
    caller: Caller,
    body: OfferIn,
    key: IdempotencyKey = None,
) -> Response:
    """The seller may accept, counter or decline until it expires."""
    command = MakeOffer(listing_id=listing_id, **_words(body))
    offer_id = offers.new_offer_id(caller, listing_id, key or str(uuid7()))

    async def work(tx: Transaction) -> Answer:
        return 201, OfferOut.of(await offers.make(tx, caller, command, offer_id))

    return await once(request, caller, key, work)


@router.get(
    "/v1/offers",
    response_model=OfferPage,
    responses=refusals(401, 422),
    summary="Offers one is a side of",
)
async def list_offers(
    request: Request,
    response: Response,
    caller: Caller,
    listing_id: OfListing = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Any:
    """Newest first, made and received."""
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id, "listing": listing_id}
    after = cursors.read(cursor, filters)
    database: Database = request.app.state.database
    found = await pages.offers_of(database, caller.user_id, listing_id, after, limit)
    following = None
    if len(found) == limit:
        following = cursors.write((found[-1].created_at, found[-1].offer_id), filters)
        asked = {"listing_id": listing_id}
        response.headers["Link"] = next_link("/v1/offers", asked, following, limit)
    return OfferPage(data=[OfferOut.of(each) for each in found], next_cursor=following)


@router.get(
    "/v1/offers/{offer_id}",
    response_model=OfferOut,
    responses=refusals(401, 404, 422),
    summary="One offer",
)
async def read_offer(
    request: Request, response: Response, offer_id: OfferPath, caller: Caller
) -> Any:
    """Only its two sides may read an offer."""
    found = await store.offer(request.app.state.database, offer_id)
    if found is None or found.side_of(caller.user_id) is None:
        raise not_found(f"The offer {offer_id}")
    response.headers["ETag"] = etag(found.version)
    return OfferOut.of(found)


@router.post(
    "/v1/offers/{offer_id}/accept",
    response_model=OfferOut,
    responses={**REFUSED, **refusals(503)},
    summary="Agree to the other side's price",
)
async def accept_offer(
    request: Request, offer_id: OfferPath, caller: Caller, key: IdempotencyKey = None
) -> Response:
    """Ownership is verified once more; then the listing is reserved and it is a deal."""
    state = request.app.state

    async def prepare() -> str:
        check: OwnershipCheck = state.ownership_check
        return await offers.check_ownership(state.database, check, caller, offer_id)

    async def work(tx: Transaction, snapshot: str) -> Answer:
        command = AcceptOffer(offer_id=offer_id)
        return 200, OfferOut.of(await offers.accept(tx, caller, command, snapshot))

    return await once_prepared(request, caller, key, prepare, work)


@router.post(
    "/v1/offers/{offer_id}/counter",
    status_code=201,
    response_model=OfferOut,
    responses=REFUSED,
    summary="Answer a price with another",
)
async def counter_offer(
    request: Request,
    offer_id: OfferPath,
    caller: Caller,
    body: OfferIn,
    key: IdempotencyKey = None,
) -> Response:
    """The earlier offer is closed; the answer is a new one and the other side's turn."""
    command = CounterOffer(offer_id=offer_id, **_words(body))
    new = offers.new_offer_id(caller, offer_id, key or str(uuid7()))

    async def work(tx: Transaction) -> Answer:
        return 201, OfferOut.of(await offers.counter(tx, caller, command, new))

    return await once(request, caller, key, work)


@router.post(
    "/v1/offers/{offer_id}/decline",
    response_model=OfferOut,
    responses=REFUSED,
    summary="Say no to the other side's price",
)
async def decline_offer(
    request: Request, offer_id: OfferPath, caller: Caller, key: IdempotencyKey = None
) -> Response:
    """The offer is closed."""

    async def work(tx: Transaction) -> Answer:
        command = DeclineOffer(offer_id=offer_id)
        return 200, OfferOut.of(await offers.decline(tx, caller, command))

    return await once(request, caller, key, work)


@router.post(
    "/v1/offers/{offer_id}/withdraw",
    response_model=OfferOut,
    responses=REFUSED,
    summary="Take one's own price back",
)
async def withdraw_offer(
    request: Request, offer_id: OfferPath, caller: Caller, key: IdempotencyKey = None
) -> Response:
    """The offer is closed."""

    async def work(tx: Transaction) -> Answer:
        command = WithdrawOffer(offer_id=offer_id)
        return 200, OfferOut.of(await offers.withdraw(tx, caller, command))

    return await once(request, caller, key, work)


@router.put(
    "/v1/listings/{listing_id}/offer-draft",
    response_model=DraftOut,
    responses=refusals(401, 403, 404, 422),
    summary="Keep what one had typed",
)
async def keep_draft(
    request: Request, listing_id: ListingPath, caller: Caller, body: DraftIn
) -> Any:
    """For half an hour, so that a lost form loses nothing."""
    caller.require()
    listing = await store.listing(request.app.state.database, listing_id)
    if listing is None or not listing.visible_to(caller.user_id, caller.guild_id):
        raise not_found(f"The listing {listing_id}")
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        until = await pages.keep_draft(tx, caller.user_id, listing_id, body.model_dump())
    return {**body.model_dump(), "expires_at": until}


@router.get(
    "/v1/listings/{listing_id}/offer-draft",
    response_model=DraftOut,
    responses=refusals(401, 404, 422),
    summary="What one had typed",
)
async def read_draft(request: Request, listing_id: ListingPath, caller: Caller) -> Any:
    """The draft, while it is kept."""
    found = await pages.draft(request.app.state.database, caller.user_id, listing_id)
    if found is None:
        raise not_found("A draft for this listing")
    return {**found["draft"], "expires_at": found["expires_at"]}


@router.delete(
    "/v1/listings/{listing_id}/offer-draft",
    status_code=204,
    responses=refusals(401, 422),
    summary="Forget what one had typed",
)
async def drop_draft(request: Request, listing_id: ListingPath, caller: Caller) -> Response:
    """Forgetting twice is forgetting once."""
    async with request.app.state.database.transaction(cause_of(request, caller)) as tx:
        await pages.drop_draft(tx, caller.user_id, listing_id)
    return Response(status_code=204)


def _words(body: OfferIn) -> dict[str, Any]:
    return {
        "amount": body.amount,
        "conditions": body.conditions,
        "expires_in_s": body.expires_in_s,
    }
