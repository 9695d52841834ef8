"""What is due: windows and reminders in one transaction, calls to a provider outside of any."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from chassis import proposals
from chassis.storage.timers import Timers

from escrow.handlers import (
    checkout,
    ledger_check,
    outcome,
    payment,
    payout,
    payout_order,
    webhook,
    window,
)
from escrow.ports import Rails
from escrow.store.escrow import REMINDERS, expiry, reminder


def register(timers: Timers, rails: Rails, check_every: timedelta) -> Timers:
    """Bind every timer of escrow."""
    timers.on(expiry("delivery"))(outcome.on_delivery_expiry)
    timers.on(expiry("inspection"))(outcome.on_inspection_expiry)
    for percent in REMINDERS:
        timers.on(reminder(percent))(window.remind)

    timers.job(payment.REQUEST)(partial(checkout.request, rails=rails))
    timers.job(payment.LOOK)(partial(payment.look, rails=rails))
    timers.job(payment.CLOSE)(partial(payment.close, rails=rails))
    timers.job(expiry("funding"))(partial(payment.expire, rails=rails))
    timers.job(payout_order.SEND)(partial(payout.send, rails=rails))
    timers.job(webhook.APPLY)(partial(webhook.apply, rails=rails))
    timers.job(ledger_check.CHECK)(partial(ledger_check.on_schedule, every=check_every))
    proposals.register(timers)
    return timers
