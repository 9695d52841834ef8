"""What each of Stripe's events says to look at; its content is never believed.

An event of the other mode (test or live), or of an account that is connected to ours, is about
nothing of ours; only such an account itself is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from escrow.ports import About, Notice, Unreadable

ABOUT: Mapping[str, About] = MappingProxyType(
    {
        "payment_intent.succeeded": About.PAYMENT,
        "payment_intent.payment_failed": About.PAYMENT,
        "payment_intent.canceled": About.PAYMENT,
        "checkout.session.expired": About.PAYMENT,
        "checkout.session.async_payment_succeeded": About.PAYMENT,
        "charge.updated": About.CHARGE,
        "charge.refunded": About.REFUNDS,
        "charge.refund.updated": About.RETURNED,
        "refund.failed": About.RETURNED,
        "refund.updated": About.RETURNED,
        "transfer.created": About.PAYOUT,
        "transfer.updated": About.PAYOUT,
        "transfer.reversed": About.RETURNED,
        "account.updated": About.ACCOUNT,
    }
)
DISPUTES = "charge.dispute."
LONGEST = 255


def read_event(body: bytes, *, live: bool) -> Notice:
    """The event's id, type and object, for who works in this mode.

    Raises Unreadable for what Stripe would not send.
    """
    try:
        event = json.loads(body)
        event_id, kind = event["id"], event["type"]
        subject = event["data"]["object"].get("id", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("not_an_event", error=type(error).__name__) from None
    if not all(_is_word(word) for word in (event_id, kind)) or not isinstance(subject, str):
        raise Unreadable("event_without_words")
    about = About.CHARGEBACK if kind.startswith(DISPUTES) else ABOUT.get(kind, About.NOTHING)
    elsewhere = event.get("account") not in (None, "") and about is not About.ACCOUNT
    if elsewhere or event.get("livemode", live) is not live:
        about = About.NOTHING
    if about is not About.NOTHING and not _is_word(subject):
        raise Unreadable("event_about_nothing", kind=kind)
    return Notice(event_id, kind, about, subject[:LONGEST])


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()
