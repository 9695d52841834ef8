"""An escrow and what belongs to it, as people read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from chassis.http.lists import Asked
from chassis.texts import texts_of
from contracts_schema.actions import Action
from contracts_schema.ids import DealId, EscrowId
from contracts_schema.money import Money
from contracts_schema.terms import Rail
from fastapi import Path
from pydantic import BaseModel, ConfigDict

from escrow.domain.escrow import Escrow
from escrow.domain.outcome import if_released
from escrow.domain.payment import PaymentState
from escrow.domain.payout import PayoutKind, PayoutState
from escrow.domain.states import State, Verb, turn_of
from escrow.handlers.escrow import Preview, Prospect, Whole

TEXTS = texts_of("escrow")
_ROUTES = {
    Verb.PAY: "{address}/payment-link",
    Verb.ONBOARD: "/v1/payout-accounts/onboarding-link?rail={rail}",
    Verb.DELIVER: "{address}/deliveries",
    Verb.CONFIRM: "{address}/confirm",
    Verb.REFUND: "{address}/refund",
    Verb.CANCEL: "{address}/cancel",
}
_IRREVERSIBLE = (Verb.CONFIRM, Verb.REFUND, Verb.CANCEL)
EscrowInPath = Annotated[EscrowId, Path(description="The escrow's id")]


class EscrowsAsked(Asked):
    """Which page of one's escrows, or those of one deal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deal_id: DealId | None = None


class AmountsOut(BaseModel):
    """The money of one escrow, to the cent."""

    agreed: Money
    received: Money
    remainder: Money
    held: Money
    released: Money
    refunded: Money
    fees: Money
    surplus: Money
    owed_by_seller: Money

    @classmethod
    def of(cls, escrow: Escrow) -> Self:
        """The amounts as they add up now."""
        amounts = escrow.amounts
        minor = {
            "received": max(amounts.received, 0),
            "released": amounts.released,
            "refunded": amounts.refunded,
            "fees": amounts.fees,
            "owed_by_seller": -amounts.debt,
        }
        return cls(
            **{name: Money(each, escrow.currency) for name, each in minor.items()},
            agreed=escrow.agreed,
            remainder=escrow.remainder,
            held=escrow.held,
            surplus=escrow.surplus,
        )


class EscrowSummary(BaseModel):
    """An escrow in a list, with whose turn it is, until when, and what follows from silence."""

    escrow_id: str
    deal_id: str
    contract_id: str
    listing_id: str
    seller_id: str
    buyer_id: str
    title: str
    kind: str
    asset_id: str
    price: Money
    seller_receives: Money
    fee: Money
    held: Money
    remainder: Money
    rail: Rail
    state: State
    version: int
    turn: str | None
    window: str
    deadline: datetime | None
    if_nobody_acts: str
    otherwise: str
    frozen: bool
    frozen_reason: str
    opened_at: datetime
    actions: list[Action]

    @classmethod
    def of(cls, escrow: Escrow, reader: str, **more: Any) -> Self:
        """The escrow as a list shows it to this reader."""
        terms, turn = escrow.terms, turn_of(escrow.state, bool(escrow.frozen))
        divided = if_released(escrow.tranches, escrow.currency)
        return cls(
            **escrow.named,
            contract_id=terms.contract_id,
            kind=terms.goods,
            asset_id=terms.asset_id,
            price=terms.price,
            seller_receives=divided.seller,
            fee=divided.fee,
            held=escrow.held,
            remainder=escrow.remainder,
            rail=terms.rail,
            state=escrow.state,
            version=escrow.version,
            turn=turn.of or None,
            window=turn.window,
            deadline=None if escrow.clock_stands else escrow.deadline,
            if_nobody_acts=TEXTS.text(f"silence.{turn.otherwise}"),
            otherwise=turn.otherwise,
            frozen=bool(escrow.frozen),
            frozen_reason=escrow.frozen,
            opened_at=escrow.created_at,
            actions=actions_of(escrow, reader),
            **more,
        )


def actions_of(escrow: Escrow, reader: str) -> list[Action]:
    """What this reader may do with the escrow now; whoever is no party may only read."""
    address = f"/v1/escrows/{escrow.escrow_id}"
    until = None if escrow.clock_stands else escrow.deadline
    return [
        Action(
            verb=verb,
            method="POST",
            route=_ROUTES[verb].format(address=address, rail=escrow.rail),
            preview=f"{address}/preview" if verb in _IRREVERSIBLE else "",
            until=None if verb is Verb.ONBOARD else until,
        )
        for verb in escrow.may(escrow.parties.get(reader))
    ]


class _Shown(BaseModel):
    """Shown as the service knows it, field by field."""

    model_config = ConfigDict(from_attributes=True)


class PaymentOut(_Shown):
    """One attempt to pay."""

    payment_id: str
    state: PaymentState
    asked: Money
    received: Money | None
    provider_id: str | None
    created_at: datetime
    expires_at: datetime


class PayoutOut(_Shown):
    """Money on its way out, or proven to be there."""

    payout_id: str
    kind: PayoutKind
    state: PayoutState
    amount: Money
    failures: int
    provider_id: str | None


class DeliveryOut(_Shown):
    """What was handed over."""

    delivery_id: str
    tranche: int
    state: str
    title: str
    description: str
    evidence: list[dict[str, Any]]
    delivered_at: datetime
    confirmed_at: datetime | None
    confirmed_by: str
    proof_id: str | None


class EscrowOut(EscrowSummary):
    """An escrow with everything its parties may know."""

    terms_sha256: str
    end_reason: str
    amounts: AmountsOut
    seller_can_be_paid: bool
    payments: list[PaymentOut]
    payouts: list[PayoutOut]
    delivery: DeliveryOut | None

    @classmethod
    def of_whole(cls, whole: Whole, reader: str) -> Self:
        """The escrow as its own page shows it to this reader."""
        first = whole.deliveries[0] if whole.deliveries else None
        return cls.of(
            whole.escrow,
            reader,
            terms_sha256=whole.escrow.terms_sha256,
            end_reason=whole.escrow.end_reason,
            amounts=AmountsOut.of(whole.escrow),
            seller_can_be_paid=whole.escrow.seller_can_be_paid,
            payments=[PaymentOut.model_validate(each) for each in whole.payments],
            payouts=[PayoutOut.model_validate(each) for each in whole.payouts],
            delivery=first and DeliveryOut.model_validate(first),
        )


class EscrowPage(BaseModel):
    """A page of escrows, newest first."""

    data: list[EscrowSummary]
    next_cursor: str | None


class ShareOut(BaseModel):
    """Who gets what, and whether it can be decided now."""

    seller: Money
    buyer: Money
    fee: Money
    allowed: bool

    @classmethod
    def of(cls, prospect: Prospect) -> Self:
        """What one decision would mean."""
        divided = prospect.divided
        amounts = {"seller": divided.seller, "buyer": divided.buyer, "fee": divided.fee}
        return cls(**amounts, allowed=prospect.allowed)


class PreviewOut(BaseModel):
    """What each side gets, by the arithmetic that would book it."""

    escrow_id: str
    state: State
    version: int
    title: str
    price: Money
    held: Money
    if_released: ShareOut
    if_refunded: ShareOut
    if_cancelled: ShareOut

    @classmethod
    def of(cls, found: Preview) -> Self:
        """The preview as it is shown before every irreversible button."""
        escrow = found.escrow
        return cls(
            escrow_id=escrow.escrow_id,
            state=escrow.state,
            version=escrow.version,
            title=escrow.terms.title,
            price=escrow.terms.price,
            held=escrow.held,
            if_released=ShareOut.of(found.release),
            if_refunded=ShareOut.of(found.refund),
            if_cancelled=ShareOut.of(found.cancel),
        )
