"""What a person may read of an escrow: all of it, if it is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.principals import Principal
from chassis.storage.database import Database
from contracts_schema.events.identity import PlatformRole
from contracts_schema.money import Money

from escrow.domain.division import Division, if_refunded, if_released
from escrow.domain.errors import NotAParty
from escrow.domain.escrow import Escrow
from escrow.domain.payment import Payment
from escrow.domain.payout import Payout
from escrow.domain.states import TRANSITIONS, Action
from escrow.store import accounts, deliveries, escrows, payments, payouts
from escrow.store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Whole:
    """An escrow with everything that belongs to it."""

    escrow: Escrow
    payments: Sequence[Payment]
    payouts: Sequence[Payout]
    deliveries: Sequence[Delivery]
    seller_can_be_paid: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one decision would mean now, and whether it can be taken now."""

    divided: Division
    allowed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Each decision's outcome, by the arithmetic that would book it."""

    escrow: Escrow
    release: Outcome
    refund: Outcome
    cancel: Outcome


async def escrow_for(database: Database, caller: Principal, escrow_id: str) -> Escrow:
    """The escrow, for its parties and for administrators; for others there is none."""
    caller.require()
    escrow = await escrows.find(database, escrow_id)
    if escrow is None:
        raise NotAParty(escrow_id)
    if caller.role is not PlatformRole.ADMIN:
        escrow.side_of(caller.user_id)
    return escrow


async def whole_for(database: Database, caller: Principal, escrow_id: str) -> Whole:
    """The escrow with its payments, payouts and deliveries."""
    escrow = await escrow_for(database, caller, escrow_id)
    account = await accounts.find(database, escrow.terms.seller_id, escrow.rail)
    return Whole(
        escrow,
        await payments.of_escrow(database, escrow_id),
        await payouts.of_escrow(database, escrow_id),
        await deliveries.of_escrow(database, escrow_id),
        seller_can_be_paid=account is not None and account.ready,
    )


async def preview_for(database: Database, caller: Principal, escrow_id: str) -> Preview:
    """What each side gets if the escrow is released, refunded or cancelled now."""
    escrow = await escrow_for(database, caller, escrow_id)
    undecided, currency = escrow.undecided, escrow.currency
    nothing = Money(0, currency)
    return Preview(
        escrow,
        release=_outcome(escrow, if_released(undecided, currency), Action.RELEASE),
        refund=_outcome(escrow, if_refunded(undecided, currency), Action.REFUND),
        cancel=_outcome(escrow, Division(nothing, escrow.surplus, nothing), Action.CANCEL),
    )


def _outcome(escrow: Escrow, divided: Division, action: Action) -> Outcome:
    return Outcome(divided, allowed=(escrow.state, action) in TRANSITIONS)
