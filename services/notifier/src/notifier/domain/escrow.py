"""What both sides are told about the money of their deal: each time, whose turn it is."""

from __future__ import annotations

from contracts_schema.events.escrow import (
    Cancelled,
    DeadlineNear,
    Delivered,
    DeliveryPossible,
    DeliveryProven,
    Frozen,
    FundsHeld,
    Opened,
    PaymentFailed,
    PaymentRequested,
    PayoutFailed,
    Refunded,
    RefundStarted,
    Released,
    ReleaseStarted,
    Unfrozen,
)

from notifier.domain.notice import Notice, actor, both, may, of_deal, person


def opened(event: Opened) -> list[Notice]:
    """The seller is asked for a payout account before, not after, the delivery."""
    if event.seller_can_be_paid:
        return []
    shared = of_deal(event, "payment", price=str(event.price)) | {"card_key": ""}
    return [person("onboarding_needed", event.seller_id, **shared, **may(event, event.seller_id))]


def payment_requested(event: PaymentRequested) -> list[Notice]:
    """The buyer pays on the provider's own page."""
    shared = of_deal(event, "payment", amount=str(event.amount)) | {"deadline": event.fund_before}
    return both(event, "payment_requested", **shared)


def payment_failed(event: PaymentFailed) -> list[Notice]:
    """The buyer may try again."""
    shared = of_deal(event, "payment") | {"card_key": ""}
    return [person("payment_failed", event.buyer_id, **shared, **may(event, event.buyer_id))]


def funds_held(event: FundsHeld) -> list[Notice]:
    """The money is held; the seller delivers."""
    shared = of_deal(event, "delivery", amount=str(event.held)) | {"deadline": event.deliver_before}
    return both(event, "funds_held", **shared)


def delivery_possible(event: DeliveryPossible) -> list[Notice]:
    """The seller, who could not be paid when the money came, can deliver now."""
    shared = of_deal(event, "delivery", amount=str(event.held)) | {"deadline": event.deliver_before}
    return [person("funds_held.seller", event.seller_id, **shared, **may(event, event.seller_id))]


def delivered(event: Delivered) -> list[Notice]:
    """The buyer inspects."""
    shared = of_deal(event, "confirmation", amount=str(event.price))
    shared |= {"deadline": event.inspect_before}
    return [
        actor("delivered.seller", event.seller_id, **(shared | {"card_key": ""})),
        *both(event, "delivered", **shared),
    ]


def delivery_proven(event: DeliveryProven) -> list[Notice]:
    """The transfer is proven on both sides; the inspection is shorter now."""
    shared = of_deal(event, "confirmation") | {"deadline": event.inspect_before}
    return both(event, "delivery_proven", **shared)


def release_started(event: ReleaseStarted) -> list[Notice]:
    """Decided, and on its way: not yet paid."""
    shared = of_deal(event, "payout", net=str(event.net), fee=str(event.fee))
    notices = both(event, "release_started", **shared)
    if event.decided_by == "buyer":
        notices.append(actor("release_started.buyer", event.buyer_id, **shared))
    return notices


def released(event: Released) -> list[Notice]:
    """Proven by the provider: the seller has the money."""
    amounts = {"paid": str(event.paid), "net": str(event.net), "fee": str(event.fee)}
    return both(event, "released", **of_deal(event, "done", **amounts))


def refund_started(event: RefundStarted) -> list[Notice]:
    """Decided, and on its way back."""
    shared = of_deal(event, "", amount=str(event.amount))
    actor_card = actor("refund_started.seller", event.seller_id, **(shared | {"card_key": ""}))
    return [actor_card, *both(event, "refund_started", **shared)]


def refunded(event: Refunded) -> list[Notice]:
    """Proven by the provider: the buyer has the money back."""
    return both(event, "refunded", **of_deal(event, "", amount=str(event.amount)))


def cancelled(event: Cancelled) -> list[Notice]:
    """Nothing was held, nothing will be."""
    shared = of_deal(event, "")
    notices = both(event, "cancelled", **shared)
    by = {"cancelled_by_buyer": event.buyer_id, "cancelled_by_seller": event.seller_id}
    if (who := by.get(event.reason_code)) is not None:
        side = event.reason_code.rpartition("_")[2]
        notices.append(actor(f"cancelled.{side}", who, **(shared | {"card_key": ""})))
    return notices


def payout_failed(event: PayoutFailed) -> list[Notice]:
    """The provider refused for now; it is tried again, and the money stays held."""
    shared = of_deal(event, "payout") | {"card_key": ""}
    return [person("payout_failed", event.seller_id, **shared)]


def deadline_near(event: DeadlineNear) -> list[Notice]:
    """A reminder at half and at nine tenths of a window, to whose turn it is."""
    seller_acts = event.window == "delivery"
    reader = event.seller_id if seller_acts else event.buyer_id
    step = {"funding": "payment", "delivery": "delivery", "inspection": "confirmation"}
    shared = of_deal(event, step[event.window]) | {"card_key": "", "deadline": event.deadline}
    return [person(f"deadline_near.{event.window}", reader, **shared, **may(event, reader))]


def frozen(event: Frozen) -> list[Notice]:
    """Nothing moves by itself until somebody looked."""
    keys = {"chargeback": "frozen_chargeback", "wrong_currency": "frozen_currency"}
    return both(event, keys.get(event.reason_code, "frozen"), **of_deal(event, ""))


def unfrozen(event: Unfrozen) -> list[Notice]:
    """It goes on: the window that stood has a new end, and somebody's turn it is again."""
    step = {"delivery": "delivery", "inspection": "confirmation"}.get(event.window, "")
    key = f"unfrozen_{event.window}" if step else "unfrozen"
    return both(event, key, **of_deal(event, step) | {"deadline": event.deadline})
