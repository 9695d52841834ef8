"""The seller hands the goods over."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.bodies import takes
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once, required
from chassis.http.preconditions import IfMatch, seen_version
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.commands.escrow import Deliver
from fastapi import Request, Response

from escrow.api.schemas.command import DeliveryIn
from escrow.api.schemas.escrow import EscrowInPath, EscrowSummary
from escrow.handlers import delivery
from escrow.store import escrow as escrows

LARGEST = 128 * 1024
"""Ten pieces of evidence in whatever script."""

router = Router(tags=["escrows"])


@router.post(
    "/v1/escrows/{escrow_id}/deliveries",
    status_code=201,
    response_model=EscrowSummary,
    responses=documented(400, 401, 403, 404, 409, 412, 422, 503),
)
@takes(LARGEST)
async def deliver(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: DeliveryIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say that the goods were handed over (the seller); the buyer's inspection begins."""
    command, state = Deliver(escrow_id=escrow_id, **body.model_dump()), request.app.state

    async def work(tx: Transaction) -> Answer:
        escrow = await delivery.deliver(tx, caller, command)
        return 201, EscrowSummary.of(escrow, caller.user_id)

    async with delivery.prepare(state.database, caller, command, rails=state.rails):
        row = escrows.row(escrow_id, seen_version(if_match))
        return await once(request, caller, required(key), work, row)
