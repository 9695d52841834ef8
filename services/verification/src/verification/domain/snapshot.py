"""What an asset looked like at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import derive_id
from contracts_schema.terms import canonical_json, sha256_hex

from verification.domain.asset import Asset


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an asset looked like at one moment; ``content`` is canonical JSON."""

    snapshot_id: str
    asset_id: str
    sha256: str
    content: str
    name: str
    thumbnail_url: str
    taken_at: datetime
    kind: str = DEFAULT_KIND

    @classmethod
    def of(cls, kind: str, asset: Asset, seed: str, at: datetime) -> Snapshot:
        """What this asset looks like at this moment; seed and looks give the id."""
        content = canonical_json(
            {
                "kind": kind,
                "asset_id": asset.asset_id,
                "name": asset.name,
                "creator": {"kind": asset.owner_kind, "id": asset.owner_id},
                "details": dict(asset.details),
            }
        )
        sha256 = sha256_hex(content)
        return cls(
            derive_id("snp", seed, sha256),
            asset.asset_id,
            sha256,
            content.decode(),
            asset.name,
            asset.thumbnail_url,
            at,
            kind,
        )
