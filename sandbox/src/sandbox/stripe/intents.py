"""Payment intents: made, read, changed, cancelled. Paying them is in `payments.py`."""

import re

from sandbox.stripe import cards, charges, customers, listing
from sandbox.stripe.errors import StripeError, invalid, missing_parameter, no_such
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

CURRENCIES = frozenset({"usd", "eur", "gbp", "cad", "aud"})
CAPTURE = "automatic_async"
SMALLEST, LARGEST = 50, 99_999_999
CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
PLAIN = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "setup_future_usage",
)
UNPLAYED = ("application_fee_amount", "on_behalf_of", "transfer_data", "payment_method_data")
CLAUSE = re.compile(
    r"""(?:metadata\[['"](?P<key>[^'"]+)['"]\]|(?P<field>\w+))\s*:\s*"""
    r"""['"](?P<value>[^'"]*)['"]\Z"""
)


def check_money(call: Call, name: str = "amount") -> None:
    """Refuse an amount or currency that Stripe would not charge."""
    currency, amount = call.get("currency"), call.get(name)
    if currency is not None and currency.lower() not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        message = f"Invalid currency: {currency}. This sandbox supports these currencies: {known}"
        raise invalid(message, "currency")
    if amount is None:
        return
    if amount < 1:
        message = f"This value must be greater than or equal to 1, not {amount}."
        raise invalid(message, name, "parameter_invalid_integer")
    if amount < SMALLEST:
        raise invalid("Amount must be at least $0.50 usd", name, "amount_too_small")
    if amount > LARGEST:
        raise invalid("Amount must be no more than $999,999.99", name, "amount_too_large")


def refuse_unplayed(params: JsonObject, prefix: str = "") -> None:
    """Say plainly where the sandbox stops: charges belong to the platform, cards to the page."""
    for name in UNPLAYED:
        if name in params:
            path = f"{prefix}[{name}]" if prefix else name
            raise invalid(f"The sandbox plays separate charges and transfers: no {path}.", path)
    if token := params.get("confirmation_token"):
        # They are made in a payer's browser only, which the sandbox's pages do not do.
        raise no_such("confirmation token", token, "confirmation_token", status=400)


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents."""
    check_money(call)
    refuse_unplayed(call.params)
    if call.get("confirm") and "payment_method" not in call.params:
        raise missing_parameter("payment_method")
    method = cards.use(world, call.params["payment_method"]) if call.get("payment_method") else None
    if customer := call.get("customer"):
        customers.living(world, customer, status=400)
    return make(
        world,
        amount=call.params["amount"],
        currency=call.params["currency"].lower(),
        capture_method=call.get("capture_method", CAPTURE),
        customer=call.get("customer"),
        metadata=merge_metadata({}, call.get("metadata")),
        transfer_group=call.get("transfer_group"),
        payment_method=method["id"] if method else None,
        payment_method_types=call.get("allowed_payment_method_types", ["card"]),
        automatic_payment_methods=automatic_methods(call),
        status="requires_confirmation" if method else "requires_payment_method",
        **call.given(*PLAIN),
    )


def automatic_methods(call: Call) -> JsonObject | None:
    """Whether Stripe chooses the payment methods: so it is unless the caller names them."""
    if "allowed_payment_method_types" in call.params:
        return None
    methods = call.get("automatic_payment_methods", {"enabled": True})
    return {"allow_redirects": "always", **methods}


def make(world: World, **fields: object) -> JsonObject:
    """A new payment intent with its client secret, announced."""
    intent = world.store.new("payment_intent", **{"capture_method": CAPTURE, **fields})
    intent["client_secret"] = random_id(f"{intent['id']}_secret", 25)
    world.events.emit("payment_intent.created", intent)
    return intent


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents/{intent}."""
    intent = world.store.get("payment_intent", call.path["intent"], "intent")
    check_money(call)
    refuse_unplayed(call.params)
    frozen = intent["status"] in ("succeeded", "canceled", "requires_capture", "processing")
    if frozen and {"amount", "currency", "payment_method"} & set(call.params):
        raise unexpected_state(intent, "update the amount, currency or payment method of")
    metadata = merge_metadata(intent["metadata"], call.get("metadata"))
    if name := call.get("payment_method"):
        intent["payment_method"] = cards.use(world, name)["id"]
        intent["status"] = "requires_confirmation"
    intent.update(call.given(*PLAIN, "amount", "transfer_group"), metadata=metadata)
    if "currency" in call.params:
        intent["currency"] = call.params["currency"].lower()
    return intent


def cancel(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents/{intent}/cancel."""
    intent = world.store.get("payment_intent", call.path["intent"], "intent")
    if intent["id"] in world.sessions:
        raise StripeError(
            "You cannot cancel a PaymentIntent that was created by a Checkout Session. Expire the "
            "Checkout Session instead.",
            code="payment_intent_unexpected_state",
        )
    return abandon(world, intent, call.get("cancellation_reason"))


def abandon(world: World, intent: JsonObject, reason: str | None) -> JsonObject:
    """Cancel the intent, releasing an authorised charge."""
    if intent["status"] not in CANCELABLE:
        raise StripeError(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. "
            "Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(CANCELABLE)}.",
            code="payment_intent_unexpected_state",
            payment_intent=dict(intent),
        )
    if intent["status"] == "requires_capture":
        charge = world.store.get("charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        world.events.emit("charge.refunded", charge)
    now = world.clock.timestamp()
    intent.update(status="canceled", canceled_at=now, cancellation_reason=reason)
    intent.update(amount_capturable=0, next_action=None)
    world.events.emit("payment_intent.canceled", intent)
    return intent


def capture(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents/{intent}/capture."""
    intent = world.store.get("payment_intent", call.path["intent"], "intent")
    if intent["status"] != "requires_capture":
        raise unexpected_state(intent, "capture")
    amount = call.get("amount_to_capture", intent["amount_capturable"])
    if not 1 <= amount <= intent["amount_capturable"]:
        message = f"Amount must be between 1 and {intent['amount_capturable']}"
        raise invalid(message, "amount_to_capture", "amount_too_large")
    charge = world.store.get("charge", intent["latest_charge"])
    charges.settle(world, charge, amount)
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    intent["metadata"] = merge_metadata(intent["metadata"], call.get("metadata"))
    world.events.emit("charge.captured", charge)
    world.events.emit("payment_intent.succeeded", intent)
    return intent


def unexpected_state(intent: JsonObject, action: str) -> StripeError:
    """The intent's status does not allow the action."""
    return StripeError(
        f"You cannot {action} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=dict(intent),
    )


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/payment_intents/{intent}."""
    return world.store.get("payment_intent", call.path["intent"], "intent")


def list_intents(world: World, call: Call) -> JsonObject:
    """GET /v1/payment_intents."""
    found = world.store.all("payment_intent")
    return listing.page(found, call, "/v1/payment_intents", "customer")


def search(world: World, call: Call) -> JsonObject:
    """GET /v1/payment_intents/search: `AND` of equalities over metadata and plain fields."""
    wanted = [_clause(clause.strip()) for clause in call.params["query"].split(" AND ")]
    found = [
        intent
        for intent in reversed(world.store.all("payment_intent"))
        if all(
            (intent["metadata"].get(key) if key else str(intent.get(field or "id"))) == value
            for key, field, value in wanted
        )
    ]
    limit = call.get("limit", 10)
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": "/v1/payment_intents/search",
    }


def _clause(text: str) -> tuple[str | None, str | None, str]:
    found = CLAUSE.match(text)
    if not found:
        message = f"We were unable to parse your search query at: {text}"
        raise invalid(message, "query")
    return found["key"], found["field"], found["value"]
