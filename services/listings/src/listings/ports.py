"""What listings needs from the world."""

from __future__ import annotations

from typing import Protocol

from listings.domain.asset import AssetName


class OwnershipCheck(Protocol):
    """Asks who owns a game, now."""

    async def still_owns(self, user_id: str, asset: AssetName, deal_id: str) -> str:
        """The hash of a fresh snapshot; raises NotOwner or OwnershipUnknown."""
        ...
