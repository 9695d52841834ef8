"""Stripe's objects in the words of the port, where the sandbox never shows them like this."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from escrow.adapters.stripe import objects
from escrow.ports import ForeignMoney, PaymentStatus
from escrow_builders import usd


def a_dispute(status: str, *fees: int, currency: str = "usd", settles: str = "usd") -> Any:
    """A dispute with one balance transaction for each fee."""
    moved = [{"fee": fee, "currency": settles} for fee in fees]
    values = {
        "id": "dp_1",
        "charge": "ch_1",
        "amount": 430_000,
        "currency": currency,
        "status": status,
        "reason": "fraudulent",
        "balance_transactions": moved,
    }
    return stripe.Dispute.construct_from(values, "sk_test")


def test_a_disputes_fee_is_what_is_kept_of_it_after_all():
    assert objects.chargeback(a_dispute("needs_response")).fee == usd(0)
    assert objects.chargeback(a_dispute("under_review", 1_500, 1_500)).fee == usd(3_000)
    assert objects.chargeback(a_dispute("won", 1_500, -1_500)).fee == usd(0)
    assert not objects.chargeback(a_dispute("won", 1_500)).taken


def a_session(currency: str, settles: str) -> Any:
    """A paid Checkout Session whose account settles in a currency."""
    charge = {
        "id": "ch_1",
        "currency": currency,
        "balance_transaction": {"fee": 12_500, "currency": settles},
    }
    intent = {
        "id": "pi_1",
        "status": "succeeded",
        "amount_received": 430_000,
        "currency": currency,
        "last_payment_error": None,
        "latest_charge": charge,
    }
    values = {"id": "cs_1", "status": "complete", "url": None, "payment_intent": intent}
    return stripe.checkout.Session.construct_from(values, "sk_test")


@pytest.mark.parametrize(
    ("currency", "settles", "fee", "foreign"),
    [
        ("usd", "usd", usd(12_500), ""),
        ("usd", "eur", None, "12500 EUR"),
        ("eur", "eur", None, "12500 EUR"),
        ("eur", "usd", None, "12500 USD"),
    ],
)
def test_a_fee_counts_in_the_currency_of_the_charge_and_is_foreign_otherwise(
    currency: str, settles: str, fee: Any, foreign: str
):
    seen = objects.payment(a_session(currency, settles))

    assert (seen.status, seen.received_minor) == (PaymentStatus.PAID, 430_000)
    assert (seen.currency, seen.provider_fee, seen.foreign_fee) == (currency.upper(), fee, foreign)


def test_a_disputes_fee_in_another_currency_is_told_apart():
    seen = objects.chargeback(a_dispute("needs_response", 1_500, settles="eur"))

    assert (seen.amount, seen.fee, seen.foreign_fee) == (usd(430_000), usd(0), "1500 EUR")


def test_a_dispute_in_a_currency_without_books_is_foreign_money():
    with pytest.raises(ForeignMoney, match="EUR"):
        objects.chargeback(a_dispute("needs_response", currency="eur"))
