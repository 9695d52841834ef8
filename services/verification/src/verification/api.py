"""Questions over REST: one's own games, checks, snapshots; and the check that listings asks for."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.lists import Cursors, CursorText, Limit
from chassis.problems import Problem, Rule, not_found
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import Purpose
from contracts_schema.ids import AssetId, DealId, UserId, new_id
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from verification import handlers, store
from verification.domain.errors import NoLinkedAccount, RobloxUnavailable
from verification.domain.ownership import Asset
from verification.ports import Games
from verification.settings import Settings
from verification.store import Verification

RETRY_AFTER_S = 5
"""For a Roblox that is away without saying for how long."""

router = APIRouter(tags=["verification"])

rules: Mapping[type[Exception], Rule] = {
    NoLinkedAccount: Rule(409, "no_linked_account", "Use /link to link your Roblox account."),
}

VerificationId = Annotated[str, Path(pattern=r"^ver_[0-7][0-9a-hjkmnp-tv-z]{25}$")]


class Experience(BaseModel):
    """A game the person owns."""

    asset_id: str
    name: str


class Experiences(BaseModel):
    """Games the person owns."""

    data: list[Experience]


class Check(BaseModel):
    """A question: whether this account owns this game."""

    model_config = ConfigDict(extra="forbid")

    asset_id: AssetId


class InternalCheck(Check):
    """The same, asked by a service on behalf of a user, at a step of a deal."""

    user_id: UserId
    purpose: Purpose
    fresh: bool = False
    deal_id: DealId | None = None


class Verdict(BaseModel):
    """What is known: VERIFIED, FAILED with a reason, PENDING, EXPIRED, or UNKNOWN."""

    verification_id: str
    status: str
    asset_id: str
    ownership: str | None = None
    reason_code: str = ""
    snapshot_id: str | None = None
    snapshot_sha256: str | None = None
    checked_at: datetime | None = None
    expires_at: datetime | None = None


class SnapshotView(BaseModel):
    """What an asset looked like."""

    snapshot_id: str
    sha256: str
    name: str
    taken_at: datetime


class SnapshotPage(BaseModel):
    """A page of snapshots, newest first."""

    data: list[SnapshotView]
    next_cursor: str | None


@router.get("/v1/users/{user_id}/experiences", response_model=Experiences)
async def list_experiences(request: Request, user_id: UserId, caller: Caller) -> Any:
    """The caller's own games at Roblox, asked now."""
    if user_id != caller.user_id:
        raise not_found(f"The user {user_id}")
    roblox_user_id = await store.account(request.app.state.database, user_id)
    if roblox_user_id is None:
        raise NoLinkedAccount("No Roblox account is linked to this user.")
    games: Games = request.app.state.games
    async with _telling_of_an_outage():
        found: list[Asset] = await games.games_of(roblox_user_id)
    return {"data": [{"asset_id": asset.asset_id, "name": asset.name} for asset in found]}


@router.post("/v1/verifications", response_model=Verdict, status_code=201)
async def verify(request: Request, caller: Caller, body: Check) -> Any:
    """Check now whether the caller owns this game."""
    caller.require(Tier.TIER_1)
    question = Verification(new_id("ver"), caller.user_id, body.asset_id, Purpose.LISTING)
    async with _telling_of_an_outage():
        return await _answer(request, question)


@router.get("/v1/verifications/{verification_id}", response_model=Verdict)
async def read_verification(
    request: Request, verification_id: VerificationId, caller: Caller
) -> Any:
    """One of the caller's own checks."""
    found = await store.verification(request.app.state.database, verification_id)
    if found is None or found.user_id != caller.user_id:
        raise not_found(f"The verification {verification_id}")
    return await _verdict(request, found)


@router.get("/v1/assets/{asset_id}/snapshots", response_model=SnapshotPage)
async def list_snapshots(
    request: Request,
    response: Response,
    asset_id: AssetId,
    caller: Caller,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Any:
    """What a game looked like at each check, newest first."""
    cursors: Cursors = request.app.state.cursors
    filters = {"asset": asset_id}
    after = cursors.read(cursor, filters)
    rows = await store.snapshots(request.app.state.database, asset_id, after, limit)
    following = None
    if len(rows) == limit:
        following = cursors.write((rows[-1].taken_at, rows[-1].snapshot_id), filters)
        path = f"/v1/assets/{asset_id}/snapshots"
        response.headers["Link"] = f'<{path}?cursor={following}&limit={limit}>; rel="next"'
    return {
        "data": [SnapshotView.model_validate(row, from_attributes=True) for row in rows],
        "next_cursor": following,
    }


@router.post("/internal/verifications", response_model=Verdict, include_in_schema=False)
async def verify_for_service(
    request: Request,
    body: InternalCheck,
    secret: Annotated[str, Header(alias="X-Service-Secret")] = "",
) -> Any:
    """A check for another service; UNKNOWN when Roblox cannot be asked."""
    settings: Settings = request.app.state.settings
    if not hmac.compare_digest(
        secret.encode(), settings.service_secret.get_secret_value().encode()
    ):
        raise Problem(401, "unauthenticated", "This route is for services.")
    if not body.fresh:
        known = await store.cached(request.app.state.database, body.user_id, body.asset_id)
        if known is not None:
            return await _verdict(request, known)
    question = Verification(
        new_id("ver"), body.user_id, body.asset_id, body.purpose, deal_id=body.deal_id
    )
    try:
        return await _answer(request, question)
    except RobloxUnavailable:
        return Verdict(
            verification_id=question.verification_id, status="UNKNOWN", asset_id=body.asset_id
        )


@asynccontextmanager
async def _telling_of_an_outage() -> AsyncIterator[None]:
    """Say that the answer is unknown, and when to ask again."""
    try:
        yield
    except RobloxUnavailable as error:
        wait = error.retry_after_s or RETRY_AFTER_S
        raise Problem(
            503,
            "roblox_unavailable",
            str(error),
            retryable=True,
            next_action=f"Nothing was decided: try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        ) from error


async def _answer(request: Request, question: Verification) -> Verdict:
    settings: Settings = request.app.state.settings
    answered = await handlers.answer(
        request.app.state.database,
        request.app.state.games,
        question,
        timedelta(seconds=settings.ownership_cache_s),
    )
    return await _verdict(request, answered)


async def _verdict(request: Request, found: Verification) -> Verdict:
    snapshot = None
    if found.snapshot_id is not None:
        snapshot = await store.snapshot(request.app.state.database, found.snapshot_id)
    now = request.app.state.database.clock.now()
    expired = (
        found.status == "VERIFIED" and found.expires_at is not None and found.expires_at <= now
    )
    return Verdict(
        verification_id=found.verification_id,
        status="EXPIRED" if expired else found.status,
        asset_id=found.asset_id,
        ownership=found.ownership,
        reason_code=found.reason_code,
        snapshot_id=found.snapshot_id,
        snapshot_sha256=snapshot.sha256 if snapshot else None,
        checked_at=found.checked_at,
        expires_at=found.expires_at,
    )
