"""Paying a payment intent: by the API, by the payer on Stripe's page, after 3D Secure."""

from sandbox.stripe import cards, charges, checkout, disputes
from sandbox.stripe.cards import Outcome
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.intents import refuse_unplayed, unexpected_state
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World

PAYABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def confirm(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents/{intent}/confirm."""
    intent = world.store.get("payment_intent", call.path["intent"], "intent")
    refuse_unplayed(call.params)
    return confirm_with(world, intent, call)


def confirm_with(world: World, intent: JsonObject, call: Call) -> JsonObject:
    """Confirm by the platform's own call, where a redirect needs a return_url."""
    name = call.get("payment_method") or intent["payment_method"]
    if intent["status"] in PAYABLE:
        if name is None:
            raise missing_parameter("payment_method")
        need_return_url(intent["automatic_payment_methods"], call)
    return pay(world, intent, str(name), call.get("return_url"))


def need_return_url(automatic: JsonObject | None, call: Call) -> None:
    """Refuse to confirm without a way back where a payment method may redirect."""
    redirects = automatic and automatic["enabled"] and automatic["allow_redirects"] == "always"
    if redirects and not call.get("return_url"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. "
            "Because some of these payment methods might redirect your customer off of your page, "
            "you must provide a `return_url`.",
            "return_url",
        )


def pay(world: World, intent: JsonObject, card: str, return_url: str | None = None) -> JsonObject:
    """Charge the card for the intent; a decline is raised as Stripe's card error."""
    if intent["status"] not in PAYABLE:
        raise unexpected_state(intent, "confirm")
    method = cards.use(world, card)
    intent["payment_method"] = method["id"]
    if cards.card_of(world, method["id"]).outcome is Outcome.NEEDS_ACTION:
        return _ask(world, intent, return_url)
    return _charge(world, intent, method)


def _ask(world: World, intent: JsonObject, return_url: str | None) -> JsonObject:
    url = f"{world.settings.base_url}/stripe/3ds/{intent['client_secret']}"
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}
    intent.update(status="requires_action", next_action=action)
    world.events.emit("payment_intent.requires_action", intent)
    return intent


def authenticate(world: World, intent: JsonObject, succeeds: bool) -> JsonObject:
    """Finish 3D Secure: the payer proved who they are, or did not."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "authenticate")
    method = world.store.get("payment_method", intent["payment_method"])
    if succeeds:
        return _charge(world, intent, method)
    refused = {
        "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
        "type": "invalid_request_error",
    }
    _reset(intent, {**refused, "payment_method": dict(method)})
    world.events.emit("payment_intent.payment_failed", intent)
    return intent


def _charge(world: World, intent: JsonObject, method: JsonObject) -> JsonObject:
    charge = charges.attempt(world, intent, method)
    intent.update(latest_charge=charge["id"], next_action=None)
    if charge["status"] == "failed":
        _fail(world, intent, charge, method)
    intent["last_payment_error"] = None
    world.events.emit("charge.succeeded", charge)
    if charge["captured"]:
        intent.update(status="succeeded", amount_received=charge["amount"])
        world.events.emit("payment_intent.succeeded", intent)
    else:
        intent.update(status="requires_capture", amount_capturable=charge["amount"])
        world.events.emit("payment_intent.amount_capturable_updated", intent)
    checkout.complete(world, intent)
    if charge["captured"] and cards.card_of(world, method["id"]).disputed:
        disputes.open_dispute(world, charge, charge["amount"], "fraudulent")
    return intent


def _fail(world: World, intent: JsonObject, charge: JsonObject, method: JsonObject) -> None:
    card = cards.card_of(world, method["id"])
    fields = {
        "charge": charge["id"],
        "code": card.code,
        "decline_code": card.decline_code,
        "payment_method": dict(method),
    }
    _reset(intent, {**fields, "message": card.message, "type": "card_error"})
    world.events.emit("charge.failed", charge)
    world.events.emit("payment_intent.payment_failed", intent)
    shown = {**intent, "last_payment_error": dict(intent["last_payment_error"])}
    raise StripeError(card.message, status=402, kind="card_error", payment_intent=shown, **fields)


def _reset(intent: JsonObject, error: JsonObject) -> None:
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
