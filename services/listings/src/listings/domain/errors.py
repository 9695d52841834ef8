"""What listings refuses, and why."""


class ListingsError(Exception):
    """The root of what this service refuses."""


class WrongState(ListingsError):
    """The step does not fit the state that the thing is in."""

    def __init__(self, what: str, action: str, state: str) -> None:
        super().__init__(f"This {what} is {state}; it cannot {action} any more.")
        self.what, self.action, self.state = what, action, state


class NotYourTurn(ListingsError):
    """The other side has to answer."""


class OwnListing(ListingsError):
    """Nobody buys their own game."""


class AmountTooHigh(ListingsError):
    """More than the asking price."""


class CurrencyMismatch(ListingsError):
    """Another currency than the listing's."""


class ListingReserved(ListingsError):
    """Another offer was accepted."""


class NotOwner(ListingsError):
    """Roblox says that the seller no longer owns the game."""


class OwnershipUnknown(ListingsError):
    """Roblox cannot be asked right now."""


class VersionMoved(ListingsError):
    """Somebody else changed it meanwhile."""


class Missing(ListingsError):
    """There is no such thing, or this person may not know of it."""
