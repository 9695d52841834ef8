"""Stripe's objects in the words of the port."""

from __future__ import annotations

from typing import Any

from contracts_schema.money import Currency, Money

from escrow.ports import (
    AccountSeen,
    ChargebackSeen,
    ForeignMoney,
    PaymentSeen,
    PaymentStatus,
    PayoutSeen,
    PayoutStatus,
)

NOT_TAKEN = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)
"""Disputes for which the bank has no money of ours: early warnings, and those that were won."""


def payment(session: Any) -> PaymentSeen:
    """A Checkout Session with its payment intent and charge expanded."""
    intent = session.payment_intent
    if intent is None:
        return PaymentSeen(session.id, _status(session, None), url=session.url)
    charge, error = intent.latest_charge, intent.last_payment_error
    return PaymentSeen(
        reference=session.id,
        status=_status(session, intent),
        url=session.url,
        provider_id=intent.id,
        charge_id=charge.id if charge else None,
        received_minor=intent.amount_received,
        currency=intent.currency.upper(),
        **_settled(charge),
        failure_id=(charge.id if charge else intent.id) if error else "",
        failure_code=(error.decline_code or error.code or "declined") if error else "",
    )


def _status(session: Any, intent: Any) -> PaymentStatus:
    if intent is not None and intent.status == "succeeded":
        return PaymentStatus.PAID
    if session.status == "expired" or (intent is not None and intent.status == "canceled"):
        return PaymentStatus.CLOSED
    return PaymentStatus.OPEN


def can_expire(seen: PaymentSeen) -> bool:
    """Whether somebody could still pay."""
    return seen.status is PaymentStatus.OPEN


def _settled(charge: Any) -> dict[str, Any]:
    """Stripe's fee, which is in the currency that the account settles in."""
    settled = charge.balance_transaction if charge else None
    if settled is None or isinstance(settled, str):
        return {}
    if settled.currency != charge.currency or settled.currency.upper() not in set(Currency):
        return {"foreign_fee": _foreign([settled])}
    return {"provider_fee": Money(settled.fee, _currency(settled))}


def _foreign(settled: list[Any]) -> str:
    return ", ".join(f"{one.fee} {one.currency.upper()}" for one in settled)


def is_ordered(item: Any, payout_id: str) -> bool:
    """Whether we made it for this payout: our own id stands in it."""
    return getattr(item.metadata, "payout_id", None) == payout_id


def has_failed(refund: Any) -> bool:
    """Whether the refund gave nothing back in the end."""
    return refund.status in ("failed", "canceled")


def transfer(item: Any) -> PayoutSeen:
    """A transfer; one that was wholly reversed proves nothing."""
    currency = _currency(item)
    done = item.amount_reversed < item.amount
    return PayoutSeen(
        provider_id=item.id,
        escrow_id=item.transfer_group or "",
        status=PayoutStatus.DONE if done else PayoutStatus.FAILED,
        amount=Money(item.amount, currency),
        charge_id=item.source_transaction,
        destination=item.destination,
        returned=Money(item.amount_reversed, currency),
        reason="" if done else "reversed",
    )


def refund(item: Any) -> PayoutSeen:
    """A refund with its charge expanded."""
    status = PayoutStatus.DONE if item.status == "succeeded" else PayoutStatus.UNDER_WAY
    charge, amount = item.charge, Money(item.amount, _currency(item))
    return PayoutSeen(
        provider_id=item.id,
        escrow_id=(charge.transfer_group if charge else None) or "",
        status=PayoutStatus.FAILED if has_failed(item) else status,
        amount=amount,
        charge_id=charge.id if charge else None,
        destination=None,
        returned=amount if has_failed(item) else Money(0, amount.currency),
        reason=(getattr(item, "failure_reason", None) or "failed") if has_failed(item) else "",
    )


def account(item: Any) -> AccountSeen:
    """An account; it can be paid when transfers to it are active."""
    capabilities = item.capabilities
    active = capabilities is not None and getattr(capabilities, "transfers", "") == "active"
    return AccountSeen(item.id, ready=active)


def chargeback(item: Any) -> ChargebackSeen:
    """A dispute; its fee is what the balance transactions kept."""
    currency = _currency(item)
    settled = item.balance_transactions
    fee = sum(one.fee for one in settled if one.currency == item.currency)
    return ChargebackSeen(
        provider_id=item.id,
        charge_id=item.charge if isinstance(item.charge, str) else item.charge.id,
        amount=Money(item.amount, currency),
        fee=Money(max(fee, 0), currency),
        taken=item.status not in NOT_TAKEN,
        reason=item.reason,
        foreign_fee=_foreign([one for one in settled if one.fee and one.currency != item.currency]),
        payment_id=getattr(item, "payment_intent", None) or "",
    )


def _currency(item: Any) -> Currency:
    try:
        return Currency(item.currency.upper())
    except ValueError as error:
        raise ForeignMoney(f"{item.id} is in {item.currency.upper()}") from error
