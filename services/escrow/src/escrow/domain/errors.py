"""Why an escrow refuses, by name; the edge decides how it is shown, the catalogue how it reads."""

from __future__ import annotations

from typing import ClassVar

from contracts_schema.money import Money
from contracts_schema.refusals import Refused


class EscrowError(Refused):
    """Something that an escrow does not do."""

    catalogue: ClassVar[str] = "escrow"


class NotAParty(EscrowError):
    """The escrow does not exist, or is not this person's to know of."""

    def __init__(self, escrow_id: str) -> None:
        """Name what was looked for."""
        super().__init__(escrow_id=escrow_id)


class IllegalMove(EscrowError):
    """The action does not exist in this state."""

    def __init__(self, state: str, action: str) -> None:
        """Name both."""
        super().__init__(state=state, action=action)
        self.state, self.action = state, action


class WrongParty(EscrowError):
    """The action belongs to somebody else."""

    def __init__(self, action: str, by: str, allowed: str) -> None:
        """Name the action, who tried, and who may."""
        super().__init__(action=action, by=by, allowed=allowed)


class WrongAmount(EscrowError):
    """The money is not what was agreed."""


class MoneyHeld(EscrowError):
    """There is money in it, so it cannot simply be cancelled."""


class FundsMissing(EscrowError):
    """The payment was taken back by the buyer's bank: nothing is there to give."""

    def __init__(self, held: Money, due: Money, wording: str = "") -> None:
        """Name what is here and what should be."""
        super().__init__(wording, held=held, due=due)


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


class LedgerRed(EscrowError):
    """The newest check of the ledger found something wrong."""


class NotHalted(EscrowError):
    """Releases are not stopped."""


class LedgerUnproven(EscrowError):
    """No check that began after releases were stopped has ended yet."""
