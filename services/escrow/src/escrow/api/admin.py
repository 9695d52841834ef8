"""For administrators: the proof of the books, the end of a halt, and what is frozen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from chassis.http.auth import LiveCaller
from chassis.http.idempotency import cause_of
from chassis.problems import Problem
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from escrow.api.acting import ACTING, Act, act_once
from escrow.api.problems import documented
from escrow.api.shapes import DecisionIn, EscrowInPath, EscrowSummary, Guards, OperatorReason
from escrow.domain.escrow import Escrow
from escrow.handlers import operating
from escrow.ledger.check import Report
from escrow.ledger.watch import resume, watch
from escrow.store import books

router = APIRouter(tags=["administration"])


class ProofOut(BaseModel):
    """One proof and what contradicts it."""

    proof: str
    holds: bool
    wrong: list[str]


class LedgerOut(BaseModel):
    """Whether the books are right; while releases are halted, none goes out."""

    checked_at: datetime
    holds: bool
    halted: dict[str, str]
    proofs: list[ProofOut]
    totals: dict[str, int]


@router.get("/v1/admin/ledger", response_model=LedgerOut, responses=documented(401, 403, 422, 503))
async def read_ledger(request: Request, caller: LiveCaller) -> LedgerOut:
    """Prove the books now; what is found wrong stops releases."""
    caller.require(role=PlatformRole.ADMIN)
    return await _shown(request, await watch(request.app.state.database))


@router.post(
    "/v1/admin/ledger/resume",
    response_model=LedgerOut,
    responses=documented(401, 403, 409, 422, 503),
)
async def resume_releases(request: Request, caller: LiveCaller) -> LedgerOut:
    """Let releases go on after a red check, if every proof holds now."""
    caller.require(role=PlatformRole.ADMIN)
    database = request.app.state.database
    if not await resume(database, cause_of(request, caller)):
        raise Problem(
            409,
            "ledger_red",
            "The books are still wrong; releases stay stopped.",
            next_action="Read GET /v1/admin/ledger; correct by reverse entries.",
        )
    return await _shown(request, await watch(database))


@router.post(
    "/v1/admin/escrows/{escrow_id}/unfreeze", response_model=EscrowSummary, responses=ACTING
)
async def unfreeze(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: OperatorReason,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """Let a frozen escrow go on; its window has what was left of it, and a day at the least."""
    caller.require(role=PlatformRole.ADMIN)
    act: Act = lambda tx: operating.unfreeze(tx, caller, escrow_id, body.reason)  # noqa: E731
    return await act_once(request, caller, escrow_id, guards, (200, act))


@router.post("/v1/admin/escrows/{escrow_id}/decide", response_model=EscrowSummary, responses=ACTING)
async def decide(
    request: Request,
    caller: LiveCaller,
    escrow_id: EscrowInPath,
    body: DecisionIn,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """End an escrow that is frozen or disputed. Irreversible."""
    caller.require(role=PlatformRole.ADMIN)

    async def act(tx: Transaction) -> Escrow:
        return await operating.decide(tx, caller, escrow_id, body.outcome, body.reason)

    return await act_once(request, caller, escrow_id, guards, (200, act))


async def _shown(request: Request, report: Report) -> LedgerOut:
    return LedgerOut(
        checked_at=report.checked_at,
        holds=report.green,
        halted=await books.halts(request.app.state.database),
        proofs=[
            ProofOut(proof=one.name, holds=one.holds, wrong=list(one.faults))
            for one in report.findings
        ],
        totals={f"{one.kind} {one.currency}": one.minor for one in report.balances},
    )
