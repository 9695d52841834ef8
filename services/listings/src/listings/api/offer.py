"""Offers over REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from chassis.http.auth import Caller, LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once, once_prepared
from chassis.http.lists import Cursors, Page
from chassis.http.preconditions import etag
from chassis.http.routes import Router
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import (
    AcceptOffer,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    WithdrawOffer,
)
from fastapi import Query, Request
from fastapi.responses import Response

from listings import store
from listings.api.schemas import AskedOffers, ListingPath, OfferIn, OfferOut, OfferPage, OfferPath
from listings.domain.offer import Offer
from listings.handlers import offer

router = Router(tags=["offers"])
REFUSED = documented(400, 401, 403, 404, 409, 422)


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
    command = MakeOffer(listing_id=listing_id, **dict(body))
    act = partial(offer.make, command=command, caps=request.app.state.caps)
    return await _once(request, caller, key, act, 201)


@router.get(
    "/v1/offers",
    response_model=OfferPage,
    responses=documented(401, 422),
    summary="Offers one is a side of",
)
async def list_offers(
    request: Request, response: Response, caller: Caller, asked: Annotated[AskedOffers, Query()]
) -> Any:
    """Newest first, made and received."""
    cursors: Cursors = request.app.state.cursors
    page: Page[Offer] = Page(
        {"user": caller.user_id, "listing": asked.listing_id},
        lambda each: (each.created_at, each.offer_id),
    )
    after = cursors.read(asked.cursor, page.filters)
    database: Database = request.app.state.database
    found = await store.offer.of_user(database, caller.user_id, asked.listing_id, after, asked.rows)
    shown, following = cursors.cut(response, request, asked, found, page)
    now = database.clock.now()
    data = [OfferOut.of(each, caller.user_id, now) for each in shown]
    return OfferPage(data=data, next_cursor=following)


@router.get(
    "/v1/offers/{offer_id}",
    response_model=OfferOut,
    responses=documented(401, 404, 422),
    summary="One offer",
)
async def read_offer(
    request: Request, response: Response, offer_id: OfferPath, caller: Caller
) -> Any:
    """Only its two sides may read an offer."""
    found = await store.offer.find(request.app.state.database, offer_id)
    if found is None or found.side_of(caller.user_id) is None:
        raise not_found("offer", offer_id)
    response.headers["ETag"] = etag(found.version)
    return OfferOut.of(found, caller.user_id, request.app.state.clock.now())


@router.post(
    "/v1/offers/{offer_id}/accept",
    response_model=OfferOut,
    responses={**REFUSED, **documented(503)},
    summary="Agree to the other side's price",
)
async def accept_offer(
    request: Request, offer_id: OfferPath, caller: LiveCaller, key: IdempotencyKey = None
) -> Response:
    """Ownership is verified once more; then the listing is reserved and it is a deal."""
    command, state = AcceptOffer(offer_id=offer_id), request.app.state

    async def work(tx: Transaction, snapshot_sha256: str) -> Answer:
        return 200, OfferOut.of(
            await offer.accept(tx, caller, command, snapshot_sha256), caller.user_id, tx.now()
        )

    check = state.ownership_check
    prepare = partial(offer.ownership, state.database, caller, command, check=check)
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
    command = CounterOffer(offer_id=offer_id, **dict(body))
    return await _once(request, caller, key, partial(offer.counter, command=command), 201)


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
    command = DeclineOffer(offer_id=offer_id)
    return await _once(request, caller, key, partial(offer.decline, command=command))


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
    command = WithdrawOffer(offer_id=offer_id)
    return await _once(request, caller, key, partial(offer.withdraw, command=command))


async def _once(
    request: Request,
    caller: Principal,
    key: str | None,
    act: Callable[[Transaction, Principal], Awaitable[Offer]],
    status: int = 200,
) -> Response:
    """Have it done once; the offer as its reader sees it."""

    async def work(tx: Transaction) -> Answer:
        return status, OfferOut.of(await act(tx, caller), caller.user_id, tx.now())

    return await once(request, caller, key, work)
