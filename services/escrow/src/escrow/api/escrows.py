"""A person's escrows: read, preview, pay, deliver, confirm, give back, cancel."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import Caller, LiveCaller
from chassis.http.idempotency import cause_of
from chassis.http.lists import Cursors
from chassis.http.preconditions import etag
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from fastapi import APIRouter, Depends, Query, Request, Response

from escrow.api.acting import ACTING, Act, act_once
from escrow.api.problems import documented
from escrow.api.shapes import (
    DeliveryIn,
    EscrowInPath,
    EscrowOut,
    EscrowPage,
    EscrowSummary,
    Guards,
    LinkOut,
    PageWish,
    PreviewOut,
    ReasonIn,
)
from escrow.api.showing import full, preview, summary
from escrow.handlers import deciding, delivering, onboarding, reading, requesting
from escrow.store import escrows

router = APIRouter(tags=["escrows"])
READING = documented(401, 403, 404, 422, 503)
NO_REASON = ReasonIn()


@router.get("/v1/escrows", response_model=EscrowPage, responses=documented(401, 403, 422, 503))
async def list_escrows(
    request: Request, response: Response, caller: Caller, wish: Annotated[PageWish, Query()]
) -> EscrowPage:
    """List my escrows, newest first."""
    caller.require()
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id, "deal_id": wish.deal_id}
    after = cursors.read(wish.cursor, filters)
    found = await escrows.of_person(
        request.app.state.database, caller.user_id, wish.deal_id, after, wish.limit + 1
    )
    following = None
    if len(found) > wish.limit:
        last = found[wish.limit - 1]
        following = cursors.write((last.created_at, last.escrow_id), filters)
        more = f"cursor={following}&limit={wish.limit}"
        more += f"&deal_id={wish.deal_id}" if wish.deal_id else ""
        response.headers["Link"] = f'</v1/escrows?{more}>; rel="next"'
    return EscrowPage(data=[summary(one) for one in found[: wish.limit]], next_cursor=following)


@router.get("/v1/escrows/{escrow_id}", response_model=EscrowOut, responses=READING)
async def read_escrow(
    request: Request, response: Response, caller: Caller, escrow_id: EscrowInPath
) -> EscrowOut:
    """Read an escrow of mine: money, delivery, whose turn it is, until when, and what then."""
    whole = await reading.whole_for(request.app.state.database, caller, escrow_id)
    response.headers["ETag"] = etag(whole.escrow.version)
    return full(whole)


@router.get("/v1/escrows/{escrow_id}/preview", response_model=PreviewOut, responses=READING)
async def read_preview(
    request: Request, response: Response, caller: Caller, escrow_id: EscrowInPath
) -> PreviewOut:
    """See what each side gets if it is released, refunded or cancelled now."""
    found = await reading.preview_for(request.app.state.database, caller, escrow_id)
    response.headers["ETag"] = etag(found.escrow.version)
    return preview(found)


@router.post(
    "/v1/escrows/{escrow_id}/payment-link",
    status_code=201,
    response_model=LinkOut,
    responses=documented(401, 403, 404, 409, 422, 502, 503),
)
async def create_payment_link(
    request: Request, response: Response, caller: LiveCaller, escrow_id: EscrowInPath
) -> LinkOut:
    """Get the provider's own page to pay at; asking again gives the page that is open."""
    state = request.app.state
    cause = cause_of(request, caller)
    url = await requesting.payment_url(state.database, state.rails, caller, escrow_id, cause)
    response.headers["Cache-Control"] = "no-store"
    return LinkOut(url=url)


@router.post(
    "/v1/escrows/{escrow_id}/deliveries",
    status_code=201,
    response_model=EscrowSummary,
    responses=ACTING,
)
async def deliver(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: DeliveryIn,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """Say that the goods were handed over (the seller); the buyer's inspection begins."""
    command = Deliver(escrow_id=escrow_id, **body.model_dump())
    state, cause = request.app.state, cause_of(request, caller)
    await onboarding.refresh_unready(state.database, state.rails, caller.user_id, cause)
    act: Act = lambda tx: delivering.deliver(tx, caller, command)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (201, act))


@router.post("/v1/escrows/{escrow_id}/confirm", response_model=EscrowSummary, responses=ACTING)
async def confirm(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """Say that the goods are right (the buyer): the money goes to the seller. Irreversible."""
    command = Confirm(escrow_id=escrow_id)
    act: Act = lambda tx: deciding.confirm(tx, caller, command)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (200, act))


@router.post("/v1/escrows/{escrow_id}/refund", response_model=EscrowSummary, responses=ACTING)
async def refund(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    guards: Annotated[Guards, Depends()],
    body: ReasonIn | None = None,
) -> Any:
    """Give the buyer the money back (the seller). Irreversible."""
    command = RequestRefund(escrow_id=escrow_id, reason=(body or NO_REASON).reason)
    act: Act = lambda tx: deciding.request_refund(tx, caller, command)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (200, act))


@router.post("/v1/escrows/{escrow_id}/cancel", response_model=EscrowSummary, responses=ACTING)
async def cancel(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    guards: Annotated[Guards, Depends()],
    body: ReasonIn | None = None,
) -> Any:
    """End an escrow that holds nothing (either party)."""
    command = Cancel(escrow_id=escrow_id, reason=(body or NO_REASON).reason)
    act: Act = lambda tx: deciding.cancel(tx, caller, command)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (200, act))


@router.post(
    "/v1/escrows/{escrow_id}/surplus-refund", response_model=EscrowSummary, responses=ACTING
)
async def refund_surplus(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """Ask back what was paid beyond what was agreed (the buyer); the deal goes on."""
    act: Act = lambda tx: deciding.return_surplus(tx, caller, escrow_id)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (200, act))
