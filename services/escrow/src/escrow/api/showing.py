"""How an escrow and what belongs to it are shown over HTTP."""

from __future__ import annotations

from typing import Any

from contracts_schema.money import Money

from escrow.api.shapes import (
    AmountsOut,
    DeliveryOut,
    EscrowOut,
    EscrowSummary,
    PaymentOut,
    PayoutOut,
    PreviewOut,
    ShareOut,
)
from escrow.domain.division import Division, if_released
from escrow.domain.escrow import Escrow
from escrow.domain.payment import Payment
from escrow.domain.payout import Payout
from escrow.domain.turn import turn_of
from escrow.handlers.reading import Outcome, Preview, Whole
from escrow.pages import catalogue
from escrow.store.deliveries import Delivery


def summary(escrow: Escrow) -> EscrowSummary:
    """The escrow as a list shows it."""
    return EscrowSummary(**_common(escrow))


def full(whole: Whole) -> EscrowOut:
    """The escrow as its own page shows it."""
    return EscrowOut(
        **_common(whole.escrow),
        terms_sha256=whole.escrow.terms_sha256,
        end_reason=whole.escrow.end_reason,
        amounts=_amounts(whole.escrow),
        seller_can_be_paid=whole.seller_can_be_paid,
        payments=[_payment(one) for one in whole.payments],
        payouts=[_payout(one) for one in whole.payouts],
        delivery=_delivery(whole.deliveries[0]) if whole.deliveries else None,
    )


def preview(found: Preview) -> PreviewOut:
    """The preview as it is shown before every irreversible button."""
    escrow = found.escrow
    return PreviewOut(
        escrow_id=escrow.escrow_id,
        state=escrow.state,
        version=escrow.version,
        title=escrow.terms.title,
        price=escrow.terms.price,
        held=escrow.held,
        if_released=_share(found.release),
        if_refunded=_share(found.refund),
        if_cancelled=_share(found.cancel),
    )


def _common(escrow: Escrow) -> dict[str, Any]:
    terms, turn = escrow.terms, turn_of(escrow.state, bool(escrow.frozen))
    divided = if_released(escrow.tranches, escrow.currency)
    return {
        "escrow_id": escrow.escrow_id,
        "deal_id": terms.deal_id,
        "contract_id": terms.contract_id,
        "listing_id": terms.listing_id,
        "seller_id": terms.seller_id,
        "buyer_id": terms.buyer_id,
        "title": terms.title,
        "asset_id": terms.asset_id,
        "price": terms.price,
        "seller_receives": divided.seller,
        "fee": divided.fee,
        "held": escrow.held,
        "remainder": escrow.remainder,
        "rail": terms.rail,
        "state": escrow.state,
        "version": escrow.version,
        "turn": turn.of or None,
        "deadline": None if escrow.clock_stands else escrow.deadline,
        "if_nobody_acts": catalogue()["silence"][turn.otherwise],
        "otherwise": turn.otherwise,
        "frozen": bool(escrow.frozen),
        "frozen_reason": escrow.frozen,
        "opened_at": escrow.created_at,
    }


def _amounts(escrow: Escrow) -> AmountsOut:
    def money(minor: int) -> Money:
        return Money(minor, escrow.currency)

    amounts = escrow.amounts
    return AmountsOut(
        agreed=escrow.agreed,
        received=money(max(amounts.received, 0)),
        remainder=escrow.remainder,
        held=escrow.held,
        released=money(amounts.released),
        refunded=money(amounts.refunded),
        fees=money(amounts.fees),
        surplus=escrow.surplus,
        owed_by_seller=money(-amounts.debt),
    )


def _payment(one: Payment) -> PaymentOut:
    return PaymentOut(
        payment_id=one.payment_id,
        state=one.state,
        asked=one.asked,
        received=one.received,
        provider_id=one.provider_id,
        created_at=one.created_at,
        expires_at=one.expires_at,
    )


def _payout(one: Payout) -> PayoutOut:
    return PayoutOut(
        payout_id=one.payout_id,
        kind=one.kind,
        state=one.state,
        amount=one.amount,
        failures=one.failures,
        provider_id=one.provider_id,
    )


def _delivery(one: Delivery) -> DeliveryOut:
    return DeliveryOut(
        delivery_id=one.delivery_id,
        tranche=one.tranche,
        state=one.state,
        title=one.title,
        description=one.description,
        evidence=list(one.evidence),
        delivered_at=one.delivered_at,
        confirmed_at=one.confirmed_at,
        confirmed_by=one.confirmed_by,
        proof_id=one.proof_id,
    )


def _share(outcome: Outcome) -> ShareOut:
    divided: Division = outcome.divided
    return ShareOut(
        seller=divided.seller, buyer=divided.buyer, fee=divided.fee, allowed=outcome.allowed
    )
