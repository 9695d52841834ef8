"""Stripe's test cards: what each does when it is charged."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.stripe.errors import no_such
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World


class Outcome(StrEnum):
    """What happens to a charge on the card."""

    SUCCEEDS = "succeeds"
    NEEDS_ACTION = "needs_action"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Card:
    """One test card."""

    label: str
    brand: str = "visa"
    last4: str = "4242"
    outcome: Outcome = Outcome.SUCCEEDS
    code: str = ""
    decline_code: str = ""
    message: str = ""
    bypass_pending: bool = False
    disputed: bool = False
    refund_fails: bool = False


def _declined(last4: str, decline_code: str, message: str, code: str = "card_declined") -> Card:
    label = f"declined: {decline_code.replace('_', ' ')}"
    return Card(label, "visa", last4, Outcome.DECLINED, code, decline_code, message)


FUNDS = _declined("9995", "insufficient_funds", "Your card has insufficient funds.")
CARDS: dict[str, Card] = {
    "pm_card_visa": Card("Visa, succeeds"),
    "pm_card_mastercard": Card("Mastercard, succeeds", "mastercard", "4444"),
    "pm_card_amex": Card("American Express, succeeds", "amex", "0005"),
    "pm_card_bypassPending": Card("Visa, available at once", last4="0077", bypass_pending=True),
    "pm_card_threeDSecure2Required": Card(
        "Visa, asks for 3D Secure", last4="3220", outcome=Outcome.NEEDS_ACTION
    ),
    "pm_card_authenticationRequired": Card(
        "Visa, asks for authentication", last4="3184", outcome=Outcome.NEEDS_ACTION
    ),
    "pm_card_chargeDeclined": _declined("0002", "generic_decline", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": FUNDS,
    "pm_card_visa_chargeDeclinedInsufficientFunds": FUNDS,
    "pm_card_chargeDeclinedExpiredCard": _declined(
        "0069", "expired_card", "Your card has expired.", "expired_card"
    ),
    "pm_card_chargeDeclinedIncorrectCvc": _declined(
        "0127", "incorrect_cvc", "Your card's security code is incorrect.", "incorrect_cvc"
    ),
    "pm_card_chargeDeclinedProcessingError": _declined(
        "0119",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
    ),
    "pm_card_createDispute": Card("Visa, disputed as fraudulent", last4="0259", disputed=True),
    "pm_card_refundFail": Card("Visa, refunds fail later", last4="5126", refund_fails=True),
}


def use(world: World, name: str) -> JsonObject:
    """The payment method of that id; a test card's name makes a new one, as Stripe does."""
    if name not in CARDS:
        if name not in world.cards:
            raise no_such("PaymentMethod", name, "payment_method", status=400)
        return world.store.get("payment_method", name)
    card = CARDS[name]
    method = world.store.new("payment_method", metadata={})
    method["card"] = {**method["card"], "brand": card.brand, "last4": card.last4, "country": "US"}
    world.cards[method["id"]] = name
    return method


def card_of(world: World, method_id: str) -> Card:
    """The test card a payment method stands for."""
    return CARDS[world.cards[method_id]]


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/payment_methods/{payment_method}."""
    return world.store.get("payment_method", call.path["payment_method"])
