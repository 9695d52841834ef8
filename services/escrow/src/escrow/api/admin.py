"""For administrators: the proof of the books on demand, and the end of a halt."""

from __future__ import annotations

from datetime import datetime

from chassis.auth import LiveCaller
from chassis.idempotency import cause_of
from chassis.problems import Problem
from contracts_schema.events.identity import PlatformRole
from fastapi import APIRouter, Request
from pydantic import BaseModel

from escrow.api.problems import documented
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
