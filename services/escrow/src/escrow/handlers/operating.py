"""What an operator does where nothing goes on by itself: let it go on, or end it."""

from __future__ import annotations

from enum import StrEnum

from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole

from escrow.domain.escrow import Escrow
from escrow.domain.states import By
from escrow.handlers import freezing, ordering
from escrow.handlers.telling import locked
from escrow.store import deliveries

BY_OPERATOR = "decided_by_operator"


class Outcome(StrEnum):
    """Who gets the money."""

    RELEASE = "RELEASE"
    REFUND = "REFUND"


async def unfreeze(tx: Transaction, caller: Principal, escrow_id: str, why: str) -> Escrow:
    """Somebody looked: it goes on, if the money that it is about is here."""
    escrow = await _operable(tx, caller, escrow_id)
    escrow.require_whole()
    await freezing.thaw(tx, escrow, escrow.freezes, "operator", why)
    return escrow


async def decide(
    tx: Transaction, caller: Principal, escrow_id: str, outcome: Outcome, why: str
) -> Escrow:
    """End what is frozen or disputed, by the table and by what is held."""
    escrow = await _operable(tx, caller, escrow_id)
    if outcome is Outcome.RELEASE:
        await ordering.release(tx, escrow, By.OPERATOR, why)
        await deliveries.confirm(tx, escrow_id, By.OPERATOR)
    else:
        await ordering.refund(tx, escrow, By.OPERATOR, BY_OPERATOR, why)
    return escrow


async def _operable(tx: Transaction, caller: Principal, escrow_id: str) -> Escrow:
    caller.require(role=PlatformRole.ADMIN)
    escrow = await locked(tx, escrow_id)
    escrow.require_operable(caller.user_id)
    return escrow
