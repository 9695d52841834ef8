"""What an operator does where nothing goes on by itself: let it go on, or end it."""

from __future__ import annotations

from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole

from escrow.domain.escrow import Escrow
from escrow.domain.freeze import require_operable, require_whole
from escrow.domain.outcome import Outcome
from escrow.domain.states import By
from escrow.handlers import freeze, outcome
from escrow.store import escrow as escrows

BY_OPERATOR = "decided_by_operator"


async def unfreeze(tx: Transaction, caller: Principal, escrow_id: str, why: str) -> Escrow:
    """Somebody looked: it goes on, if the money that it is about is here."""
    escrow = await operable(tx, caller, escrow_id)
    require_whole(escrow)
    await freeze.thaw(tx, escrow, escrow.freezes, "operator", why)
    return escrow


async def decide(
    tx: Transaction, caller: Principal, escrow_id: str, decided: Outcome, why: str
) -> Escrow:
    """End what is frozen or disputed, by the table and by what is held."""
    escrow = await operable(tx, caller, escrow_id)
    if decided is Outcome.RELEASE:
        await outcome.release(tx, escrow, By.OPERATOR, why)
    else:
        await outcome.refund(tx, escrow, By.OPERATOR, BY_OPERATOR, why)
    return escrow


async def operable(tx: Transaction, caller: Principal, escrow_id: str) -> Escrow:
    """The escrow, locked, if it is an operator's to act on, and this one's."""
    caller.require(role=PlatformRole.ADMIN)
    escrow = await escrows.lock(tx, escrow_id)
    escrows.require_seen(tx, escrow)
    require_operable(escrow, caller.user_id)
    return escrow
