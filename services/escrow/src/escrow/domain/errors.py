"""Why an escrow refuses; the edge decides how that is shown."""

from __future__ import annotations


class EscrowError(Exception):
    """Something that an escrow does not do."""


class NotAParty(EscrowError):
    """The escrow does not exist, or is not this person's to know of."""

    def __init__(self, escrow_id: str) -> None:
        """Name what was looked for."""
        super().__init__(f"The escrow {escrow_id} was not found.")


class IllegalMove(EscrowError):
    """The action does not exist in this state."""

    def __init__(self, state: str, action: str) -> None:
        """Name both."""
        super().__init__(f"Cannot {action}: this escrow is {state}.")
        self.state, self.action = state, action


class WrongParty(EscrowError):
    """The action belongs to somebody else."""

    def __init__(self, action: str, by: str, allowed: str) -> None:
        """Name the action, who tried, and who may."""
        super().__init__(f"To {action} is for the {allowed}, not for the {by}.")


class WrongAmount(EscrowError):
    """The money is not what was agreed."""


class MoneyHeld(EscrowError):
    """There is money in it, so it cannot simply be cancelled."""


class FundsMissing(EscrowError):
    """The payment was taken back by the buyer's bank: nothing is there to give."""


class IsFrozen(EscrowError):
    """Nothing moves by itself until somebody looked."""


class NotFrozen(EscrowError):
    """It goes on by itself: there is nothing for an operator to decide."""


class NotDue(EscrowError):
    """The window has not ended yet."""


class PayoutAccountMissing(EscrowError):
    """The seller cannot be paid yet."""


class NothingToPay(EscrowError):
    """The escrow does not ask for money now."""


class RailNotEnabled(EscrowError):
    """The contract's rail is not configured here."""


class TermsRefused(EscrowError):
    """The terms are not those that were signed, or cannot be kept."""


class NoSurplus(EscrowError):
    """Nothing was paid too much."""
