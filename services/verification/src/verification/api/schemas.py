"""What verification's REST takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http.lists import Asked
from contracts_schema.events.verification import Purpose
from contracts_schema.goods import DEFAULT_KIND, AssetId, TradedKind
from contracts_schema.ids import DealId, UserId
from fastapi import Path
from pydantic import BaseModel, ConfigDict

VerificationId = Annotated[str, Path(pattern=r"^ver_[0-7][0-9a-hjkmnp-tv-z]{25}$")]


class OfKind(BaseModel):
    """Which kind of goods is meant."""

    kind: TradedKind = DEFAULT_KIND


class AskedSnapshots(OfKind, Asked):
    """Which page of an asset's snapshots."""


class Experience(BaseModel):
    """Something the person owns: a game at Roblox, if no other kind is asked for."""

    kind: str
    asset_id: str
    name: str


class Experiences(BaseModel):
    """What the person owns."""

    data: list[Experience]


class Check(OfKind):
    """A question: whether this account owns this asset."""

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
    kind: str
    asset_id: str
    ownership: str | None = None
    reason_code: str = ""
    snapshot_id: str | None = None
    snapshot_sha256: str | None = None
    checked_at: datetime | None = None
    expires_at: datetime | None = None


class SnapshotOut(BaseModel):
    """What an asset looked like."""

    snapshot_id: str
    sha256: str
    name: str
    taken_at: datetime


class SnapshotPage(BaseModel):
    """A page of snapshots, newest first."""

    data: list[SnapshotOut]
    next_cursor: str | None
