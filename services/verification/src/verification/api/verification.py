"""Questions over REST: a person's own, and those that other services ask."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.cause import Cause
from chassis.http.auth import Caller
from chassis.http.callers import only
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.problems import not_found
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import Purpose
from contracts_schema.ids import derive_id, new_id
from fastapi import Depends, Request

from verification import store
from verification.api.problems import outage_shown
from verification.api.schemas import Check, InternalCheck, Verdict, VerificationId
from verification.domain.errors import ProviderUnavailable
from verification.domain.verification import Verification
from verification.handlers import verification

router = Router(tags=["verification"])
AtAcceptance = Annotated[str, Depends(only("listings"))]


@router.post(
    "/v1/verifications",
    response_model=Verdict,
    status_code=201,
    responses=documented(401, 403, 409, 422, 503),
)
async def verify(request: Request, caller: Caller, body: Check) -> Any:
    """Check now whether the caller owns this asset."""
    caller.require(Tier.TIER_1)
    question = Verification(
        new_id("ver"), caller.user_id, body.asset_id, Purpose.LISTING, kind=body.kind
    )
    with outage_shown():
        return await _answer(request, question, cause_of(request, caller))


@router.get(
    "/v1/verifications/{verification_id}",
    response_model=Verdict,
    responses=documented(401, 404, 422),
)
async def read_verification(
    request: Request, verification_id: VerificationId, caller: Caller
) -> Any:
    """One of the caller's own checks."""
    found = await store.verification.find(request.app.state.database, verification_id)
    if found is None or found.user_id != caller.user_id:
        raise not_found("verification", verification_id)
    return await _verdict(request, found)


@router.post("/internal/verifications", response_model=Verdict, include_in_schema=False)
async def verify_for_service(request: Request, body: InternalCheck, service: AtAcceptance) -> Any:
    """A check for another service; UNKNOWN when the provider cannot be asked."""
    if not body.fresh:
        known = await store.verification.cached(
            request.app.state.database, body.user_id, body.kind, body.asset_id
        )
        if known is not None:
            return await _verdict(request, known)
    question = Verification(
        _id_of(body), body.user_id, body.asset_id, body.purpose,
        deal_id=body.deal_id, kind=body.kind,
    )  # fmt: skip
    cause = Cause(str(request.scope.get("request_id", "")), actor="verification")
    try:
        return await _answer(request, question, cause)
    except ProviderUnavailable:
        return Verdict(
            verification_id=question.verification_id,
            status="UNKNOWN",
            kind=body.kind,
            asset_id=body.asset_id,
        )


def _id_of(body: InternalCheck) -> str:
    """A step of a deal has one question.

    Asked again, say after a lost answer, it is looked up again, and an event tells only what was
    not found before.
    """
    if body.deal_id is None:
        return new_id("ver")
    return derive_id("ver", body.deal_id, body.purpose, body.user_id, body.kind, body.asset_id)


async def _answer(request: Request, question: Verification, cause: Cause) -> Verdict:
    state = request.app.state
    answered = await verification.answer(state.database, state.asking, question, cause)
    return await _verdict(request, answered)


async def _verdict(request: Request, found: Verification) -> Verdict:
    database, snapshot = request.app.state.database, None
    if found.snapshot_id is not None:
        snapshot = await store.snapshot.find(database, found.snapshot_id)
    return Verdict(
        verification_id=found.verification_id,
        status=found.status_at(database.clock.now()),
        kind=found.kind,
        asset_id=found.asset_id,
        ownership=found.ownership,
        reason_code=found.reason_code,
        snapshot_id=found.snapshot_id,
        snapshot_sha256=snapshot.sha256 if snapshot else None,
        checked_at=found.checked_at,
        expires_at=found.expires_at,
    )
