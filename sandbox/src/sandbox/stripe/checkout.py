"""Checkout Sessions: Stripe's own payment page for a payment intent of the platform."""

from typing import Any

from sandbox.stripe import customers, intents, listing
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600
UI_MODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "hosted_page": ("success_url", ("return_url", "redirect_on_completion")),
    "embedded_page": ("return_url", ("success_url", "cancel_url")),
}
INTENT_PLAIN = (*intents.PLAIN, "transfer_group", "capture_method")


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/checkout/sessions, payment mode with prices named in the call."""
    if call.get("mode") != "payment":
        raise invalid("The sandbox plays mode=payment only.", "mode")
    ways_back = _ways_back(call)
    intent_data = call.get("payment_intent_data", {})
    intents.refuse_unplayed(intent_data, "payment_intent_data")
    if customer := call.get("customer"):
        customers.living(world, customer, status=400)
    items, currency = _items(world, call)
    total = sum(item["amount_total"] for item in items)
    intents.check_money(Call(call.endpoint, {}, {"currency": currency, "amount": total}))
    merge_metadata({}, intent_data.get("metadata"))
    session = world.store.new(
        "checkout.session",
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        expires_at=_expiry(world, call),
        metadata=merge_metadata({}, call.get("metadata")),
        payment_method_types=call.get("allowed_payment_method_types", ["card"]),
        payment_method_collection="always",
        customer_creation=None if call.get("customer") else "if_required",
        status="open",
        **ways_back,
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **call.given("client_reference_id", "customer", "customer_email"),
        **call.given("allowed_payment_method_types"),
    )
    _open(world, session, items, intent_data)
    return session


def _ways_back(call: Call) -> JsonObject:
    """Where the payer goes afterwards, which depends on where the page is shown."""
    mode = call.get("ui_mode", "hosted_page")
    if mode not in UI_MODES:
        raise invalid(f"The sandbox plays ui_mode={' and '.join(UI_MODES)} only.", "ui_mode")
    required, refused = UI_MODES[mode]
    if call.get("redirect_on_completion") == "never":
        required, refused = "", (*refused, "return_url")
    for name in refused:
        if name in call.params:
            raise invalid(f"`{name}` cannot be used with `ui_mode: {mode}`.", name)
    if required and required not in call.params:
        raise missing_parameter(required)
    names = ("success_url", "cancel_url", "return_url")
    ways = {name: _url(call.params[name], name) for name in names if name in call.params}
    empty = dict.fromkeys(names)
    completion = call.get("redirect_on_completion", "always") if mode != "hosted_page" else None
    return {**empty, **ways, "ui_mode": mode, "redirect_on_completion": completion}


def _url(url: str, param: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise invalid("Not a valid URL", param, "url_invalid")
    return url


def _expiry(world: World, call: Call) -> int:
    now = world.clock.timestamp()
    moment: int = call.get("expires_at", now + LONGEST_S)
    if moment < now + SHORTEST_S - 1:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            "expires_at",
        )
    if moment > now + LONGEST_S + 1:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            "expires_at",
        )
    return moment


def _items(world: World, call: Call) -> tuple[list[JsonObject], str]:
    if not call.get("line_items"):
        raise missing_parameter("line_items")
    items: list[JsonObject] = []
    for position, line in enumerate(call.params["line_items"]):
        items.append(_item(world, line, f"line_items[{position}]"))
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    return items, currencies.pop()


def _item(world: World, line: JsonObject, name: str) -> JsonObject:
    price = line.get("price_data")
    if price is None:
        raise invalid(f"The sandbox keeps no prices: send {name}[price_data].", f"{name}[price]")
    unit, product = price.get("unit_amount"), price.get("product_data")
    if unit is None:
        raise missing_parameter(f"{name}[price_data][unit_amount]")
    if product is None:
        raise missing_parameter(f"{name}[price_data][product_data]")
    if unit < 0:
        raise invalid("Invalid non-negative integer", f"{name}[price_data][unit_amount]")
    quantity = line.get("quantity", 1)
    if quantity < 1:
        raise invalid("Quantity must be 1 or more.", f"{name}[quantity]")
    return world.store.shape(
        "item",
        id=random_id("li"),
        currency=price["currency"].lower(),
        description=product["name"],
        quantity=quantity,
        amount_subtotal=unit * quantity,
        amount_total=unit * quantity,
        price=_price(world, price, unit),
    )


def _price(world: World, price_data: JsonObject, unit: int) -> JsonObject:
    return {
        "id": random_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": world.clock.timestamp(),
        "currency": price_data["currency"].lower(),
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": random_id("prod", 14),
        "recurring": None,
        "tax_behavior": price_data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": unit,
        "unit_amount_decimal": str(unit),
        "custom_unit_amount": None,
    }


def _open(
    world: World, session: JsonObject, items: list[JsonObject], intent_data: JsonObject
) -> None:
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"{world.settings.base_url}/stripe/checkout/{session['id']}"
    else:
        session["client_secret"] = random_id(f"{session['id']}_secret", 25)
    world.checkouts[session["id"]] = {"items": items, "intent": intent_data}
    moment = session["expires_at"]
    world.agenda.at(moment, _expire_if_open, session["id"])


def _expire_if_open(world: World, session_id: str) -> None:
    session = world.store.get("checkout.session", session_id)
    if session["status"] == "open":
        expire(world, session)


def intent_of(world: World, session: JsonObject) -> JsonObject:
    """The session's payment intent, which Stripe makes when the payer first tries to pay."""
    if session["status"] != "open":
        raise not_open(session, "paid")
    if session["payment_intent"]:
        return world.store.get("payment_intent", session["payment_intent"])
    intent_data: dict[str, Any] = world.checkouts[session["id"]]["intent"]
    plain = {name: intent_data[name] for name in INTENT_PLAIN if name in intent_data}
    intent = intents.make(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        metadata=merge_metadata({}, intent_data.get("metadata")),
        **plain,
    )
    session["payment_intent"] = intent["id"]
    world.sessions[intent["id"]] = session["id"]
    return intent


def complete(world: World, intent: JsonObject) -> None:
    """Close the session that the paid intent came from, if it came from one."""
    if (id := world.sessions.get(intent["id"])) is None:
        return
    session = world.store.get("checkout.session", id)
    email = session["customer_email"] or "buyer@example.com"
    session.update(
        status="complete",
        payment_status="paid" if intent["status"] == "succeeded" else "unpaid",
        url=None,
        customer_details={
            "address": None,
            "email": email,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    world.events.emit("checkout.session.completed", session)


def expire(world: World, session: JsonObject) -> JsonObject:
    """End an open session: it can no longer be paid."""
    if session["status"] != "open":
        raise not_open(session, "expired")
    session.update(status="expired", url=None)
    if session["payment_intent"]:
        intent = world.store.get("payment_intent", session["payment_intent"])
        intents.abandon(world, intent, "abandoned")
    world.events.emit("checkout.session.expired", session)
    return session


def not_open(session: JsonObject, verb: str) -> StripeError:
    """The session has ended already."""
    return StripeError(
        f'Only Checkout Sessions with a status in ["open"] can be {verb}. This Checkout Session '
        f"has a status of {session['status']}."
    )


def expire_by_call(world: World, call: Call) -> JsonObject:
    """POST /v1/checkout/sessions/{session}/expire."""
    return expire(world, world.store.get("checkout.session", call.path["session"], "session"))


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/checkout/sessions/{session}."""
    return world.store.get("checkout.session", call.path["session"], "session")


def list_sessions(world: World, call: Call) -> JsonObject:
    """GET /v1/checkout/sessions."""
    found = world.store.all("checkout.session")
    if wanted := call.get("customer_details"):
        found = [one for one in found if _email(one) == wanted["email"]]
    filters = ("customer", "payment_intent", "payment_link", "status", "subscription")
    return listing.page(found, call, "/v1/checkout/sessions", *filters)


def _email(session: JsonObject) -> str | None:
    details: JsonObject = session["customer_details"] or {}
    email: str | None = details.get("email")
    return email


def line_items(world: World, session: JsonObject) -> JsonObject:
    """What the session sells, as a list."""
    items = world.checkouts[session["id"]]["items"]
    return listing.as_list(items, f"/v1/checkout/sessions/{session['id']}/line_items")


def list_items(world: World, call: Call) -> JsonObject:
    """GET /v1/checkout/sessions/{session}/line_items."""
    return line_items(world, retrieve(world, call))
