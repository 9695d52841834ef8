"""For administrators: the proof of the books, and the end of a halt."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.proposals import PROPOSED, ProposalOut, proposed
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import Request, Response

from escrow.api.schemas.ledger import LedgerOut
from escrow.handlers import ledger_check, proposal

router = Router(tags=["administration"])


@router.get("/v1/admin/ledger", response_model=LedgerOut, responses=documented(401, 403, 422, 503))
async def read_ledger(request: Request, caller: LiveCaller) -> LedgerOut:
    """What the newest check of the books found, and how far the one under way has come."""
    caller.require(role=PlatformRole.ADMIN)
    return LedgerOut.of(await ledger_check.standing(request.app.state.database))


@router.post(
    "/v1/admin/ledger/check",
    status_code=202,
    response_model=LedgerOut,
    responses=documented(401, 403, 422, 503),
)
async def check_ledger(request: Request, caller: LiveCaller) -> LedgerOut:
    """Have the books proven now, unless that is under way; what is found wrong stops releases."""
    caller.require(role=PlatformRole.ADMIN)
    database = request.app.state.database
    await ledger_check.request(database)
    return LedgerOut.of(await ledger_check.standing(database))


@router.post(
    "/v1/admin/ledger/resume",
    status_code=202,
    response_model=ProposalOut,
    responses=PROPOSED | documented(400, 401, 403, 409, 422, 503),
)
async def propose_resuming(
    request: Request, caller: LiveCaller, key: IdempotencyKey = None
) -> Response:
    """Propose that releases go on: a check that began after they were stopped is green."""
    caller.require(role=PlatformRole.ADMIN)

    async def work(tx: Transaction) -> Answer:
        return proposed(await proposal.propose_resuming(tx, caller))

    return await once(request, caller, key, work)
