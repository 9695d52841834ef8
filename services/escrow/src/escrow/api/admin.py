"""For administrators: the proof of the books, the end of a halt, and what is frozen."""

from __future__ import annotations

from typing import Any

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once, required
from chassis.http.preconditions import IfMatch, seen_version
from chassis.problems import Problem
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import APIRouter, Request

from escrow.api.schemas.command import DecisionIn, OperatorReason
from escrow.api.schemas.escrow import EscrowInPath, EscrowSummary
from escrow.api.schemas.ledger import LedgerOut
from escrow.handlers import admin, ledger
from escrow.store import escrow as escrows
from escrow.store import halt as halts

router = APIRouter(tags=["administration"])
COMMAND = documented(400, 401, 403, 404, 409, 412, 422, 503)


@router.get("/v1/admin/ledger", response_model=LedgerOut, responses=documented(401, 403, 422, 503))
async def read_ledger(request: Request, caller: LiveCaller) -> LedgerOut:
    """Prove the books now; what is found wrong stops releases."""
    caller.require(role=PlatformRole.ADMIN)
    database = request.app.state.database
    return LedgerOut.of(await ledger.watch(database), await halts.in_force(database))


@router.post(
    "/v1/admin/ledger/resume",
    response_model=LedgerOut,
    responses=documented(401, 403, 409, 422, 503),
)
async def resume_releases(request: Request, caller: LiveCaller) -> LedgerOut:
    """Let releases go on after a red check, if every proof holds now."""
    caller.require(role=PlatformRole.ADMIN)
    database = request.app.state.database
    if not await ledger.resume(database, cause_of(request, caller)):
        raise Problem(409, "ledger_red", wording="escrow.ledger_red")
    return LedgerOut.of(await ledger.watch(database), await halts.in_force(database))


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
) -> Any:
    """Let a frozen escrow go on; its window has what was left of it, and a day at the least."""
    caller.require(role=PlatformRole.ADMIN)

    async def work(tx: Transaction) -> Answer:
        escrow = await admin.unfreeze(tx, caller, escrow_id, body.reason)
        return 200, EscrowSummary.of(escrow, caller.user_id)

    row = escrows.row(escrow_id, seen_version(if_match))
    return await once(request, caller, required(key), work, row)


@router.post(
    "/v1/admin/escrows/{escrow_id}/decide", response_model=EscrowSummary, responses=COMMAND
)
async def decide(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: DecisionIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Any:
    """End an escrow that is frozen or disputed. Irreversible."""
    caller.require(role=PlatformRole.ADMIN)

    async def work(tx: Transaction) -> Answer:
        decided = await admin.decide(tx, caller, escrow_id, body.outcome, body.reason)
        return 200, EscrowSummary.of(decided, caller.user_id)

    row = escrows.row(escrow_id, seen_version(if_match))
    return await once(request, caller, required(key), work, row)
