"""What verification needs from the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from contracts_schema.events.verification import Ownership

from verification.domain.asset import Asset


class Provider(Protocol):
    """Where assets of one kind are owned.

    Every method that asks raises ProviderUnavailable when it cannot tell: that is never a no.
    """

    @property
    def provider(self) -> str:
        """The name under which people link their accounts there."""
        ...

    def account_id(self, written: str) -> str:
        """The one way to write this account's id; ValueError if it can be none."""
        ...

    async def asset(self, asset_id: str) -> Asset | None:
        """The asset as it is now, or None if there is none."""
        ...

    async def ownership(self, asset: Asset, account_id: str) -> Ownership | None:
        """How this account controls the asset, if it does."""
        ...

    async def assets_of(self, account_id: str) -> list[Asset]:
        """What this account owns, alone or through others."""
        ...


Providers = Mapping[str, Provider]
"""By kind of goods: who is asked about it."""
