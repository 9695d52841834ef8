"""What is for sale, as far as its ownership was proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from contracts_schema.goods import DEFAULT_KIND


class AssetName(NamedTuple):
    """Which asset is meant: an id says something only together with its kind."""

    kind: str
    asset_id: str


@dataclass(frozen=True, slots=True)
class VerifiedAsset:
    """That a user owned an asset a short while ago, and what it looked like."""

    user_id: str
    asset_id: str
    snapshot_id: str
    snapshot_sha256: str
    thumbnail_url: str
    checked_at: datetime
    expires_at: datetime
    kind: str = DEFAULT_KIND

    @classmethod
    def refuted(cls, user_id: str, asset: AssetName, checked_at: datetime) -> VerifiedAsset:
        """The user did not own it then: a proof that counted for no time.

        It stands where a proof would, so that one that is older, but told later, cannot.
        """
        return cls(user_id, asset.asset_id, "", "", "", checked_at, checked_at, asset.kind)
