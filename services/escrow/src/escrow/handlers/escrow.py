"""An executed contract becomes an escrow on exactly the terms that were signed, or nothing.

And what a person may read of an escrow: all of it, if it is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.messaging.consumers import Poison
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.escrow import Opened
from contracts_schema.events.identity import PlatformRole
from contracts_schema.ids import derive_id
from contracts_schema.money import Money

from escrow.domain.delivery import Delivery
from escrow.domain.errors import NotAParty, RailNotEnabled, TermsRefused
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import Division, if_refunded, if_released
from escrow.domain.payment import Payment
from escrow.domain.payout import Payout
from escrow.domain.states import TRANSITIONS, Action
from escrow.domain.terms import open_escrow, require_currency
from escrow.handlers.payment import REQUEST
from escrow.ports import Rails
from escrow.store import delivery as deliveries
from escrow.store import escrow as escrows
from escrow.store import payment as payments
from escrow.store import payout as payouts
from escrow.store import payout_account as payout_accounts


@dataclass(frozen=True, slots=True)
class Whole:
    """An escrow with everything that belongs to it."""

    escrow: Escrow
    payments: Sequence[Payment]
    payouts: Sequence[Payout]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What one decision would mean now, and whether it can be taken now."""

    divided: Division
    allowed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What each decision would mean, by the arithmetic that would book it."""

    escrow: Escrow
    release: Prospect
    refund: Prospect
    cancel: Prospect


def escrow_id_of(contract_id: str) -> str:
    """The one escrow that a contract can have."""
    return derive_id("esc", contract_id)


async def open_executed(tx: Transaction, executed: ContractExecuted, *, rails: Rails) -> None:
    """Open the contract's escrow; a repetition changes nothing.

    Raises Poison when the terms are not those that were signed, or nobody here can take the money.
    """
    try:
        escrow = _opened(executed, rails, tx)
        if await escrows.add(tx, escrow):
            await _announce(tx, escrow)
        else:
            await _require_repetition(tx, escrow)
    except (TermsRefused, RailNotEnabled) as error:
        raise Poison(error.in_full) from error


def _opened(executed: ContractExecuted, rails: Rails, tx: Transaction) -> Escrow:
    terms = executed.terms
    for name in ("contract_id", "deal_id", "listing_id", "buyer_id", "seller_id"):
        if getattr(executed, name) != getattr(terms, name):
            raise TermsRefused("event_differs_from_terms", name=name)
    escrow = open_escrow(escrow_id_of(terms.contract_id), terms, executed.terms_sha256, tx.now())
    if (rail := rails.get(terms.rail)) is None:
        enabled = ", ".join(sorted(rails)) or "none"
        named = {"contract_id": terms.contract_id, "rail": terms.rail}
        raise RailNotEnabled("rail_not_configured", **named, enabled=enabled)
    require_currency(terms, rail.currencies)
    return escrow


async def _require_repetition(tx: Transaction, escrow: Escrow) -> None:
    known = await escrows.find(tx, escrow.escrow_id)
    if known is None or known.terms_sha256 != escrow.terms_sha256:
        raise TermsRefused("other_terms_already", contract_id=escrow.terms.contract_id)


async def _announce(tx: Transaction, escrow: Escrow) -> None:
    terms = escrow.terms
    account = await payout_accounts.find(tx, terms.seller_id, terms.rail)
    escrow.seller_can_be_paid = account is not None and account.ready
    tx.stage(
        Opened(
            **escrow.facts,
            contract_id=terms.contract_id,
            kind=terms.goods,
            asset_id=terms.asset_id,
            price=terms.price,
            rail=terms.rail,
            terms_sha256=escrow.terms_sha256,
            fund_before=escrow.deadline,
            seller_can_be_paid=escrow.seller_can_be_paid,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.open", escrow.escrow_id, terms_sha256=escrow.terms_sha256)
    await tx.set_timer(REQUEST, escrow.escrow_id, tx.now())


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
    return Whole(
        await escrow_for(database, caller, escrow_id),
        await payments.of_escrow(database, escrow_id),
        await payouts.of_escrow(database, escrow_id),
        await deliveries.of_escrow(database, escrow_id),
    )


async def preview_for(database: Database, caller: Principal, escrow_id: str) -> Preview:
    """What each side gets if the escrow is released, refunded or cancelled now."""
    escrow = await escrow_for(database, caller, escrow_id)
    undecided, currency = escrow.undecided, escrow.currency
    nothing = Money(0, currency)
    return Preview(
        escrow,
        release=_prospect(escrow, if_released(undecided, currency), Action.RELEASE),
        refund=_prospect(escrow, if_refunded(undecided, currency), Action.REFUND),
        cancel=_prospect(escrow, Division(nothing, escrow.surplus, nothing), Action.CANCEL),
    )


def _prospect(escrow: Escrow, divided: Division, action: Action) -> Prospect:
    return Prospect(divided, allowed=(escrow.state, action) in TRANSITIONS)
