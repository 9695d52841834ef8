"""Stripe's objects in the words of the port, where the sandbox never shows them like this."""

from __future__ import annotations

from typing import Any

import stripe
from escrow.rails import stripe_objects as objects
from escrow_builders import usd


def a_dispute(status: str, *fees: int) -> Any:
    """A dispute with one balance transaction for each fee."""
    moved = [{"fee": fee, "currency": "usd"} for fee in fees]
    values = {
        "id": "dp_1",
        "charge": "ch_1",
        "amount": 430_000,
        "currency": "usd",
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
