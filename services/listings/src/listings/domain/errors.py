"""What listings refuses, and why."""

from __future__ import annotations

from typing import ClassVar

from contracts_schema.refusals import Refused


class ListingsError(Refused):
    """The root of what this service refuses."""

    catalogue: ClassVar[str] = "listings"


class WrongState(ListingsError):
    """The step does not fit the state that the thing is in."""

    def __init__(self, what: str, action: str, state: str) -> None:
        super().__init__(what=what, action=action, state=state)
        self.what, self.action, self.state = what, action, state


class NotYourTurn(ListingsError):
    """The other side has to answer."""


class OwnListing(ListingsError):
    """Nobody buys their own game."""


class AmountTooHigh(ListingsError):
    """More than the asking price."""


class TooManyOffers(ListingsError):
    """The buyer has as many open offers as one may have, on the listing or in all."""


class CurrencyMismatch(ListingsError):
    """Another currency than the listing's."""


class ListingReserved(ListingsError):
    """Another offer was accepted."""


class AssetListed(ListingsError):
    """The asset is on sale in another listing; only its own seller is told in which."""


class NotOwner(ListingsError):
    """Roblox says that the seller no longer owns the game."""


class OwnershipUnknown(ListingsError):
    """Roblox cannot be asked right now."""


class VersionMoved(ListingsError):
    """Somebody else changed it meanwhile."""
