"""Why nothing moves by itself: each reason stands and is lifted by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from escrow.domain import errors
from escrow.domain.escrow import Escrow
from escrow.domain.states import HOLDING, State

OWNERSHIP_LOST, CHARGEBACK, WRONG_CURRENCY = "ownership_lost", "chargeback", "wrong_currency"

LEAST_AFTER_FREEZE = timedelta(hours=24)
"""However little of a window was left when it was frozen: both get a day to act once it goes on."""


def freeze(escrow: Escrow, reason: str, now: datetime) -> bool:
    """Let nothing move by itself until this is over; False if it is frozen for it already."""
    if reason in escrow.freezes:
        return False
    escrow.freezes += (reason,)
    escrow.frozen_since = escrow.frozen_since or now
    return True


def thaw(escrow: Escrow, reason: str, now: datetime) -> bool:
    """This reason is over; False if it was none.

    With the last one the window goes on: what was left of it when it was frozen, and a day at the
    least.
    """
    if reason not in escrow.freezes:
        return False
    since = escrow.frozen_since or now
    if escrow.clock_stands and escrow.freezes == (reason,) and escrow.deadline is not None:
        escrow.set_deadline(now + max(escrow.deadline - since, LEAST_AFTER_FREEZE))
    escrow.freezes = tuple(each for each in escrow.freezes if each != reason)
    escrow.frozen_since = since if escrow.freezes else None
    return True


def require_operable(escrow: Escrow, who: str) -> None:
    """An operator acts only where nothing goes on by itself, and never as a party."""
    if who in (escrow.terms.buyer_id, escrow.terms.seller_id):
        raise errors.WrongParty("decide", escrow.side_of(who), "operator who is no party")
    if not escrow.freezes and escrow.state is not State.DISPUTED:
        raise errors.NotFrozen(state=escrow.state)


def require_whole(escrow: Escrow) -> None:
    """What goes on by itself must hold what it was agreed on."""
    if escrow.state in HOLDING and escrow.held < escrow.due:
        raise errors.FundsMissing(escrow.held, escrow.due, "not_whole")
