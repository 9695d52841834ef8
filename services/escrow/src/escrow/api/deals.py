"""Escrows over REST. Routes that move money look at the login again and need an Idempotency-Key."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.auth import Caller, LiveCaller
from chassis.cursors import Cursors, CursorText, Limit
from chassis.database import Database, Transaction
from chassis.idempotency import Answer, IdempotencyKey, once, required
from chassis.preconditions import IfMatch, etag, seen_version
from chassis.principals import Principal
from chassis.problems import Problem, not_found
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from contracts_schema.ids import DealId
from contracts_schema.money import Money
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from escrow.api.models import (
    DeliveryIn,
    DeliveryOut,
    EscrowOut,
    EscrowPage,
    EscrowPath,
    PayoutAccountOut,
    PreviewOut,
    ReasonIn,
    Shares,
    UrlOut,
    refusals,
)
from escrow.domain import outcome
from escrow.domain.escrow import RUNNING, By, Escrow, State
from escrow.domain.outcome import Outcome
from escrow.handlers import deal, hearing, paying
from escrow.ledger import book
from escrow.store import escrows, payments

router = APIRouter(tags=["escrows"])
OfDeal = Annotated[DealId | None, Query()]
REFUSED = refusals(400, 401, 403, 404, 409, 412, 422)

NOBODY_ACTS = {
    State.AWAIT_FUNDS: "The deal is cancelled and nobody owes anything.",
    State.FUNDS_HELD: "The buyer gets all the money back.",
    State.DELIVERED: "The money goes to the seller.",
}


@router.get(
    "/v1/escrows",
    response_model=EscrowPage,
    responses=refusals(401, 422),
    summary="Escrows one is a party to",
)
async def list_escrows(
    request: Request,
    response: Response,
    caller: Caller,
    deal_id: OfDeal = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Any:
    """Newest first."""
    cursors: Cursors = request.app.state.cursors
    database: Database = request.app.state.database
    filters = {"user": caller.user_id, "deal": deal_id}
    after = cursors.read(cursor, filters)
    found = await escrows.page(database, caller.user_id, deal_id, after, limit)
    following = None
    if len(found) == limit:
        following = cursors.write((found[-1].opened_at, found[-1].escrow_id), filters)
        response.headers["Link"] = f'</v1/escrows?cursor={following}&limit={limit}>; rel="next"'
    shown = [await _shown(database, each) for each in found]
    return EscrowPage(data=shown, next_cursor=following)


@router.get(
    "/v1/escrows/{escrow_id}",
    response_model=EscrowOut,
    responses=refusals(401, 404, 422),
    summary="One escrow",
)
async def read_escrow(
    request: Request, response: Response, escrow_id: EscrowPath, caller: Caller
) -> Any:
    """Whose turn it is, until when, and what happens if nobody acts."""
    escrow = await _own(request, escrow_id, caller)
    response.headers["ETag"] = etag(escrow.version)
    return await _shown(request.app.state.database, escrow)


@router.get(
    "/v1/escrows/{escrow_id}/preview",
    response_model=PreviewOut,
    responses=refusals(401, 404, 422),
    summary="What each side gets",
)
async def preview(
    request: Request, response: Response, escrow_id: EscrowPath, caller: Caller
) -> Any:
    """If released or refunded now; before any money is held, as if the price were."""
    escrow = await _own(request, escrow_id, caller)
    held = await book.held(request.app.state.database, escrow)
    basis = held if held.minor else escrow.price
    response.headers["ETag"] = etag(escrow.version)
    return PreviewOut(
        escrow_id=escrow_id,
        version=escrow.version,
        held=held,
        if_released=_shares(outcome.release(escrow, basis)),
        if_refunded=_shares(outcome.refund(escrow, basis)),
    )


@router.post(
    "/v1/escrows/{escrow_id}/deliveries",
    status_code=201,
    response_model=EscrowOut,
    responses=REFUSED,
    summary="Say that the goods were handed over (seller)",
)
async def deliver(
    request: Request,
    escrow_id: EscrowPath,
    caller: LiveCaller,
    body: DeliveryIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """The buyer's inspection begins; verification looks at both sides."""
    command = Deliver(escrow_id=escrow_id, **body.model_dump())
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 201, await _after(tx, await deal.deliver(tx, caller, command, seen))

    return await once(request, caller, required(key), work)


@router.post(
    "/v1/escrows/{escrow_id}/confirm",
    response_model=EscrowOut,
    responses=REFUSED,
    summary="Say that the goods are right (buyer): the money goes to the seller",
)
async def confirm(
    request: Request,
    escrow_id: EscrowPath,
    caller: LiveCaller,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """RELEASING now; RELEASED when the provider proves the payout."""
    command, seen = Confirm(escrow_id=escrow_id), seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, await _after(tx, await deal.confirm(tx, caller, command, seen))

    return await once(request, caller, required(key), work)


@router.post(
    "/v1/escrows/{escrow_id}/refund",
    response_model=EscrowOut,
    responses=REFUSED,
    summary="Give the buyer the money back (seller)",
)
async def refund(
    request: Request,
    escrow_id: EscrowPath,
    caller: LiveCaller,
    body: ReasonIn | None = None,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """REFUNDING now; REFUNDED when the provider proves it."""
    reason = body.reason if body else ""
    command, seen = RequestRefund(escrow_id=escrow_id, reason=reason), seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, await _after(tx, await deal.request_refund(tx, caller, command, seen))

    return await once(request, caller, required(key), work)


@router.post(
    "/v1/escrows/{escrow_id}/cancel",
    response_model=EscrowOut,
    responses=REFUSED,
    summary="End an escrow that holds nothing",
)
async def cancel(
    request: Request,
    escrow_id: EscrowPath,
    caller: LiveCaller,
    body: ReasonIn | None = None,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Money that arrives afterwards goes back by itself."""
    reason = body.reason if body else ""
    command, seen = Cancel(escrow_id=escrow_id, reason=reason), seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, await _after(tx, await deal.cancel(tx, caller, command, seen))

    return await once(request, caller, required(key), work)


@router.post(
    "/v1/escrows/{escrow_id}/payment-link",
    response_model=UrlOut,
    responses={**REFUSED, **refusals(502, 503)},
    summary="Where to pay (buyer)",
)
async def payment_link(request: Request, escrow_id: EscrowPath, caller: LiveCaller) -> Any:
    """The provider's own page, for what is still due."""
    escrow = await _own(request, escrow_id, caller)
    if escrow.side_of(caller.user_id) is not By.BUYER:
        raise Problem(403, "not_your_step", "Only the buyer pays.", next_action="Wait for them.")
    state = request.app.state
    base = state.settings.public_base_url.rstrip("/")
    url = await paying.open_payment(state.database, state.rail, escrow_id, base)
    if url is None:
        raise Problem(
            409,
            "nothing_due",
            "Nothing is due: it is paid already, or the escrow is closed.",
            next_action="Look at the escrow again.",
        )
    return UrlOut(url=url)


@router.post(
    "/v1/payout-accounts/onboarding-link",
    response_model=UrlOut,
    responses={**refusals(401, 403), **refusals(502, 503)},
    summary="Where to set up payouts",
)
async def onboarding_link(request: Request, caller: LiveCaller) -> Any:
    """The provider's own page; it works once, for a few minutes."""
    caller.require()
    state = request.app.state
    base = state.settings.public_base_url.rstrip("/")
    url = await hearing.onboarding_url(state.database, state.rail, caller.user_id, base)
    return UrlOut(url=url)


@router.get(
    "/v1/payout-accounts/me",
    response_model=PayoutAccountOut,
    responses=refusals(401),
    summary="Whether one can be paid",
)
async def payout_account(request: Request, caller: Caller) -> Any:
    """Ready when the provider says that payouts can go there."""
    reference, ready = await payments.account(request.app.state.database, caller.user_id)
    return PayoutAccountOut(ready=ready, begun=reference is not None)


async def _own(request: Request, escrow_id: str, caller: Principal) -> Escrow:
    escrow = await escrows.find(request.app.state.database, escrow_id)
    if escrow is None or escrow.side_of(caller.user_id) is None:
        raise not_found(f"The escrow {escrow_id}")
    return escrow


async def _after(tx: Transaction, escrow: Escrow) -> EscrowOut:
    return _told(escrow, await book.held(tx, escrow), None)


async def _shown(database: Database, escrow: Escrow) -> EscrowOut:
    row = await escrows.delivery(database, escrow.escrow_id)
    delivery = DeliveryOut.model_validate(dict(row)) if row else None
    return _told(escrow, await book.held(database, escrow), delivery)


def _told(escrow: Escrow, held: Money, delivery: DeliveryOut | None) -> EscrowOut:
    expected = outcome.release(escrow, escrow.price)
    running = RUNNING.get(escrow.state)
    awaiting = escrow.state is State.AWAIT_FUNDS
    names = EscrowOut.model_fields.keys() & Escrow.__dataclass_fields__.keys()
    return EscrowOut(
        **{name: getattr(escrow, name) for name in names},
        held=held,
        remainder=escrow.price - held if awaiting else Money(0, escrow.price.currency),
        seller_receives=expected.seller,
        fee=expected.fee,
        turn=running[1] if running else None,
        if_nobody_acts="" if escrow.frozen else NOBODY_ACTS.get(escrow.state, ""),
        delivery=delivery,
    )


def _shares(decided: Outcome) -> Shares:
    return Shares(seller=decided.seller, buyer=decided.buyer, fee=decided.fee)
