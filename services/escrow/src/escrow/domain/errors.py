"""What escrow refuses, and why."""

from __future__ import annotations


class EscrowError(Exception):
    """The root of what this service refuses."""


class IllegalTransition(EscrowError):
    """The table knows no way from this state by this action."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"The escrow is {state}; it cannot {action} now.")
        self.state, self.action = state, action


class NotYours(EscrowError):
    """Only the other party may take this step."""


class MoneyHeld(EscrowError):
    """Part of the price has arrived: it cannot simply be cancelled."""


class PayoutAccountMissing(EscrowError):
    """The seller cannot be paid yet."""


class WrongTerms(EscrowError):
    """The terms are not the ones that were signed."""


class RailMissing(EscrowError):
    """No rail is configured that could carry this money."""


class FrozenEscrow(EscrowError):
    """Nothing moves until somebody looked."""


class RailUnavailable(Exception):
    """The provider could not be asked, or its answer was lost: the outcome is unknown."""


class RailRefused(Exception):
    """The provider said no; nothing moved."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}"[:400])
        self.code = code
