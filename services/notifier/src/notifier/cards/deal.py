"""Cards about a deal: the contract, the money, the goods. Each says whose turn it is."""

from __future__ import annotations

from typing import Any

from contracts_schema.commands.discord import ButtonStyle
from contracts_schema.events.contracts import (
    ContractDrafted,
    ContractExecuted,
    ContractExecutionFailed,
    ContractSigned,
    ContractVoided,
    SigningLinkCreated,
)
from contracts_schema.events.escrow import (
    Cancelled,
    DeadlineNear,
    Delivered,
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

from notifier.cards.notice import Notice, Press, SecretLink, actor, person

PRIMARY, DANGER = ButtonStyle.PRIMARY, ButtonStyle.DANGER


def _both(event: Any, key: str, **more: Any) -> list[Notice]:
    """The same key for both sides, each with its own words."""
    return [
        person(f"{key}.buyer", event.buyer_id, **more),
        person(f"{key}.seller", event.seller_id, **more),
    ]


def _deal(event: Any, step: str, **params: str) -> dict[str, Any]:
    return {
        "params": {"title": getattr(event, "title", ""), **params},
        "step": step,
        "card_key": f"deal:{event.deal_id}",
    }


def contract_drafted(event: ContractDrafted) -> list[Notice]:
    """Both are asked to sign the same terms."""
    buttons = (
        Press("sign", event.contract_id, PRIMARY),
        Press("sign_web", event.contract_id),
        Press("review_pdf", event.contract_id),
    )
    shared = _deal(event, "contract", price=str(event.price))
    shared |= {
        "deadline": event.sign_before,
        "buttons": buttons,
        "fields": (("price", str(event.price)), ("terms_hash", event.terms_sha256)),
    }
    return _both(event, "contract_drafted", **shared)


def contract_signed(event: ContractSigned) -> list[Notice]:
    """One signature is in."""
    other = event.seller_id if event.signer_id == event.buyer_id else event.buyer_id
    params = {"title": event.title}
    key = "contract_signed.second" if event.both else "contract_signed.first"
    notices = [actor(key, event.signer_id, params=params, step="contract")]
    if not event.both:
        button = Press("sign", event.contract_id, PRIMARY)
        notices.append(
            person(
                "contract_signed.other", other, params=params, step="contract", buttons=(button,)
            )
        )
    return notices


def signing_link_created(event: SigningLinkCreated) -> list[Notice]:
    """The web page for signing; its address is minted when it is shown."""
    path = f"/v1/contracts/{event.contract_id}/signing-links"
    button = SecretLink("sign_web", "contracts", path)
    return [
        actor("signing_link", event.user_id, deadline=event.expires_at, buttons=(button,)),
    ]


def contract_executed(event: ContractExecuted) -> list[Notice]:
    """The agreement is in force; the escrow opens next."""
    params = {"title": event.terms.title}
    shared = {"params": params, "step": "payment", "card_key": f"deal:{event.deal_id}"}
    return _both(event, "contract_executed", **shared)


def contract_voided(event: ContractVoided | ContractExecutionFailed) -> list[Notice]:
    """The contract came to nothing, or needs an operator."""
    failed = isinstance(event, ContractExecutionFailed)
    key = "contract_execution_failed" if failed else "contract_voided"
    return _both(event, key, **_deal(event, ""))


def opened(event: Opened) -> list[Notice]:
    """The seller is asked for a payout account before, not after, the delivery."""
    if event.seller_can_be_paid:
        return []
    shared = _deal(event, "payment", price=str(event.price)) | {"card_key": ""}
    button = Press("onboard", event.escrow_id, PRIMARY)
    return [person("onboarding_needed", event.seller_id, **shared, buttons=(button,))]


def payment_requested(event: PaymentRequested) -> list[Notice]:
    """The buyer pays on the provider's own page."""
    shared = _deal(event, "payment", amount=str(event.amount)) | {"deadline": event.fund_before}
    buttons = (Press("pay", event.escrow_id, PRIMARY), Press("cancel", event.escrow_id))
    return [
        person("payment_requested.buyer", event.buyer_id, **shared, buttons=buttons),
        person(
            "payment_requested.seller",
            event.seller_id,
            **shared,
            buttons=(Press("cancel", event.escrow_id),),
        ),
    ]


def payment_failed(event: PaymentFailed) -> list[Notice]:
    """The buyer may try again."""
    button = Press("pay", event.escrow_id, PRIMARY)
    shared = _deal(event, "payment") | {"card_key": ""}
    return [person("payment_failed", event.buyer_id, **shared, buttons=(button,))]


def funds_held(event: FundsHeld) -> list[Notice]:
    """The money is held; the seller delivers."""
    shared = _deal(event, "delivery", amount=str(event.held)) | {"deadline": event.deliver_before}
    buttons = (Press("deliver", event.escrow_id, PRIMARY), Press("refund", event.escrow_id, DANGER))
    return [
        person("funds_held.buyer", event.buyer_id, **shared),
        person("funds_held.seller", event.seller_id, **shared, buttons=buttons),
    ]


def delivered(event: Delivered) -> list[Notice]:
    """The buyer inspects."""
    shared = _deal(event, "confirmation", amount=str(event.price))
    shared |= {"deadline": event.inspect_before}
    return [
        actor("delivered.seller", event.seller_id, **(shared | {"card_key": ""})),
        person(
            "delivered.buyer",
            event.buyer_id,
            **shared,
            buttons=(Press("confirm", event.escrow_id, PRIMARY),),
        ),
        person(
            "delivered.seller",
            event.seller_id,
            **shared,
            buttons=(Press("refund", event.escrow_id, DANGER),),
        ),
    ]


def delivery_proven(event: DeliveryProven) -> list[Notice]:
    """The transfer is proven on both sides; the inspection is shorter now."""
    shared = _deal(event, "confirmation") | {"deadline": event.inspect_before}
    button = Press("confirm", event.escrow_id, PRIMARY)
    return [
        person("delivery_proven.buyer", event.buyer_id, **shared, buttons=(button,)),
        person("delivery_proven.seller", event.seller_id, **shared),
    ]


def release_started(event: ReleaseStarted) -> list[Notice]:
    """Decided, and on its way: not yet paid."""
    shared = _deal(event, "payout", net=str(event.net), fee=str(event.fee))
    notices = _both(event, "release_started", **shared)
    if event.decided_by == "buyer":
        notices.append(actor("release_started.buyer", event.buyer_id, **shared))
    return notices


def released(event: Released) -> list[Notice]:
    """Proven by the provider: the seller has the money."""
    amounts = {"paid": str(event.paid), "net": str(event.net), "fee": str(event.fee)}
    return _both(event, "released", **_deal(event, "done", **amounts))


def refund_started(event: RefundStarted) -> list[Notice]:
    """Decided, and on its way back."""
    shared = _deal(event, "", amount=str(event.amount))
    actor_card = actor("refund_started.seller", event.seller_id, **(shared | {"card_key": ""}))
    return [actor_card, *_both(event, "refund_started", **shared)]


def refunded(event: Refunded) -> list[Notice]:
    """Proven by the provider: the buyer has the money back."""
    return _both(event, "refunded", **_deal(event, "", amount=str(event.amount)))


def cancelled(event: Cancelled) -> list[Notice]:
    """Nothing was held, nothing will be."""
    shared = _deal(event, "")
    notices = _both(event, "cancelled", **shared)
    by = {"cancelled_by_buyer": event.buyer_id, "cancelled_by_seller": event.seller_id}
    if (who := by.get(event.reason_code)) is not None:
        side = event.reason_code.rpartition("_")[2]
        notices.append(actor(f"cancelled.{side}", who, **(shared | {"card_key": ""})))
    return notices


def payout_failed(event: PayoutFailed) -> list[Notice]:
    """The provider refused for now; it is tried again, and the money stays held."""
    shared = _deal(event, "payout") | {"card_key": ""}
    return [person("payout_failed", event.seller_id, **shared)]


def deadline_near(event: DeadlineNear) -> list[Notice]:
    """A reminder at half and at nine tenths of a window, to whose turn it is."""
    seller_acts = event.window == "delivery"
    reader = event.seller_id if seller_acts else event.buyer_id
    verb = {"funding": "pay", "delivery": "deliver", "inspection": "confirm"}[event.window]
    step = {"funding": "payment", "delivery": "delivery", "inspection": "confirmation"}
    shared = _deal(event, step[event.window]) | {"card_key": "", "deadline": event.deadline}
    button = Press(verb, event.escrow_id, PRIMARY)
    return [person(f"deadline_near.{event.window}", reader, **shared, buttons=(button,))]


def frozen(event: Frozen) -> list[Notice]:
    """Nothing moves by itself until somebody looked."""
    keys = {"chargeback": "frozen_chargeback", "wrong_currency": "frozen_currency"}
    return _both(event, keys.get(event.reason_code, "frozen"), **_deal(event, ""))


def unfrozen(event: Unfrozen) -> list[Notice]:
    """It goes on: the window that stood has a new end, and somebody's turn it is again."""
    refund = Press("refund", event.escrow_id, DANGER)
    turns: dict[str, tuple[str, tuple[Press, ...], tuple[Press, ...]]] = {
        "delivery": ("delivery", (), (Press("deliver", event.escrow_id, PRIMARY), refund)),
        "inspection": (
            *("confirmation", (Press("confirm", event.escrow_id, PRIMARY),)),
            (refund,),
        ),
    }
    step, buyers, sellers = turns.get(event.window, ("", (), ()))
    key = f"unfrozen_{event.window}" if event.window in turns else "unfrozen"
    shared = _deal(event, step) | {"deadline": event.deadline}
    return [
        person(f"{key}.buyer", event.buyer_id, **shared, buttons=buyers),
        person(f"{key}.seller", event.seller_id, **shared, buttons=sellers),
    ]
