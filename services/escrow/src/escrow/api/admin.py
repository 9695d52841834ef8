"""For operators: the books, proven now, and the end of a halt."""

from __future__ import annotations

from typing import Any

from chassis.auth import LiveCaller
from chassis.database import Database
from chassis.idempotency import cause_of
from contracts_schema.events.identity import PlatformRole
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from escrow.api.models import LedgerOut, ProofOut, refusals
from escrow.handlers import watching
from escrow.ledger import check
from escrow.store import halts

router = APIRouter(prefix="/v1/admin", tags=["admin"])


@router.get(
    "/ledger", response_model=LedgerOut, responses=refusals(401, 403), summary="The books, proven"
)
async def ledger(request: Request, caller: LiveCaller) -> Any:
    """Every proof, made now on one snapshot, and what each kind of account holds."""
    caller.require(role=PlatformRole.ADMIN)
    database: Database = request.app.state.database
    async with database.pool.acquire() as connection:
        findings = await check.prove(connection)
        totals = await check.totals(connection)
    return LedgerOut(
        holds=not any(finding.wrong for finding in findings),
        proofs=[
            ProofOut(
                proof=finding.proof,
                holds=not finding.wrong,
                wrong=[f"{what}: off by {off}" for what, off in finding.wrong[:100]],
            )
            for finding in findings
        ],
        totals={f"{kind} {currency}": total for kind, currency, total in totals},
    )


@router.post(
    "/ledger/resume",
    responses={200: {"description": "Payouts go on"}, **refusals(401, 403, 409)},
    summary="Let payouts go on after a red check",
)
async def resume(request: Request, caller: LiveCaller) -> Response:
    """Only if every proof holds now."""
    caller.require(role=PlatformRole.ADMIN)
    database: Database = request.app.state.database
    if not await watching.prove_books(database):
        return JSONResponse({"resumed": False, "reason": "the books are still wrong"}, 409)
    async with database.transaction(cause_of(request, caller)) as tx:
        lifted = await halts.lift(tx, watching.HALT)
        if lifted:
            tx.audit("payouts.resume", watching.SUBJECT)
    return JSONResponse({"resumed": lifted})
