"""The buyer pays, and asks back what was paid too much."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once, required
from chassis.http.preconditions import IfMatch, seen_version
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Request, Response

from escrow.api.schemas.escrow import EscrowInPath, EscrowSummary
from escrow.api.schemas.provider import LinkOut
from escrow.handlers import checkout, outcome
from escrow.store import escrow as escrows

router = Router(tags=["escrows"])


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
    url = await checkout.payment_url(state.database, state.rails, caller, escrow_id, cause)
    response.headers["Cache-Control"] = "no-store"
    return LinkOut(url=url)


@router.post(
    "/v1/escrows/{escrow_id}/surplus-refund",
    response_model=EscrowSummary,
    responses=documented(400, 401, 403, 404, 409, 412, 422, 503),
)
async def refund_surplus(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Ask back what was paid beyond what was agreed (the buyer); the deal goes on."""

    async def work(tx: Transaction) -> Answer:
        escrow = await outcome.return_surplus(tx, caller, escrow_id)
        return 200, EscrowSummary.of(escrow, caller.user_id)

    row = escrows.row(escrow_id, seen_version(if_match))
    return await once(request, caller, required(key), work, row)
