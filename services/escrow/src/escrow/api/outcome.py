"""Who gets the money: confirm, give back, cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once, required
from chassis.http.preconditions import IfMatch, seen_version
from chassis.http.routes import Router
from chassis.principals import Principal
from chassis.storage.database import Transaction
from chassis.storage.transaction import RowLock
from contracts_schema.commands.escrow import Cancel, Confirm, RequestRefund
from fastapi import Request, Response

from escrow.api.schemas.command import ReasonIn
from escrow.api.schemas.escrow import EscrowInPath, EscrowSummary
from escrow.domain.escrow import Escrow
from escrow.handlers import outcome
from escrow.store import escrow as escrows

router = Router(tags=["escrows"])
COMMAND = documented(400, 401, 403, 404, 409, 412, 422, 503)
NO_REASON = ReasonIn()


@router.post("/v1/escrows/{escrow_id}/confirm", response_model=EscrowSummary, responses=COMMAND)
async def confirm(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say that the goods are right (the buyer): the money goes to the seller. Irreversible."""
    command = Confirm(escrow_id=escrow_id)
    row = escrows.row(escrow_id, seen_version(if_match))
    return await _decide(request, caller, key, row, partial(outcome.confirm, command=command))


@router.post("/v1/escrows/{escrow_id}/refund", response_model=EscrowSummary, responses=COMMAND)
async def refund(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
    body: ReasonIn | None = None,
) -> Response:
    """Give the buyer the money back (the seller). Irreversible."""
    command = RequestRefund(escrow_id=escrow_id, reason=(body or NO_REASON).reason)
    row = escrows.row(escrow_id, seen_version(if_match))
    return await _decide(
        request, caller, key, row, partial(outcome.request_refund, command=command)
    )


@router.post("/v1/escrows/{escrow_id}/cancel", response_model=EscrowSummary, responses=COMMAND)
async def cancel(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
    body: ReasonIn | None = None,
) -> Response:
    """End an escrow that holds nothing (either party)."""
    command = Cancel(escrow_id=escrow_id, reason=(body or NO_REASON).reason)
    row = escrows.row(escrow_id, seen_version(if_match))
    return await _decide(request, caller, key, row, partial(outcome.cancel, command=command))


async def _decide(
    request: Request,
    caller: Principal,
    key: str | None,
    row: RowLock,
    decide: Callable[[Transaction, Principal], Awaitable[Escrow]],
) -> Response:
    """Have it decided once, with this row locked; what the escrow is then."""

    async def work(tx: Transaction) -> Answer:
        return 200, EscrowSummary.of(await decide(tx, caller), caller.user_id)

    return await once(request, caller, required(key), work, row)
