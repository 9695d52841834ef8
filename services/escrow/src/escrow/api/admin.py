"""For administrators: what is frozen, and what is disputed."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once, required
from chassis.http.preconditions import IfMatch, seen_version
from chassis.http.proposals import PROPOSED, ProposalOut, proposed
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import Request, Response

from escrow.api.schemas.command import DecisionIn, OperatorReason
from escrow.api.schemas.escrow import EscrowInPath, EscrowSummary
from escrow.handlers import admin, proposal
from escrow.store import escrow as escrows

router = Router(tags=["administration"])
COMMAND = documented(400, 401, 403, 404, 409, 412, 422, 503)


@router.post(
    "/v1/admin/escrows/{escrow_id}/unfreeze", response_model=EscrowSummary, responses=COMMAND
)
async def unfreeze(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: OperatorReason,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Let a frozen escrow go on; its window has what was left of it, and a day at the least."""
    caller.require(role=PlatformRole.ADMIN)

    async def work(tx: Transaction) -> Answer:
        escrow = await admin.unfreeze(tx, caller, escrow_id, body.reason)
        return 200, EscrowSummary.of(escrow, caller.user_id)

    row = escrows.row(escrow_id, seen_version(if_match))
    return await once(request, caller, required(key), work, row)


@router.post(
    "/v1/admin/escrows/{escrow_id}/decide",
    status_code=202,
    response_model=ProposalOut,
    responses=PROPOSED | COMMAND,
)
async def propose_decision(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: DecisionIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Propose how an escrow ends that is frozen or disputed; it does once another approves."""
    caller.require(role=PlatformRole.ADMIN)

    async def work(tx: Transaction) -> Answer:
        outcome, why = body.outcome, body.reason
        return proposed(await proposal.propose_decision(tx, caller, escrow_id, outcome, why))

    row = escrows.row(escrow_id, seen_version(if_match))
    return await once(request, caller, required(key), work, row)
