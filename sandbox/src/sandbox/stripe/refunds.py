"""Refunds of charges, whole or in part; some cards let them fail later."""

from sandbox.stripe import balance, cards, charges, listing
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World

FAILS_AFTER_S = 1


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/refunds."""
    charge = _charge(world, call)
    for name in ("reverse_transfer", "refund_application_fee"):
        if call.get(name):
            raise invalid(f"{name} needs a charge made with transfer_data; reverse it.", name)
    amount = call.get("amount", charge["amount_captured"] - charge["amount_refunded"])
    metadata = merge_metadata({}, call.get("metadata"))
    _check(charge, amount)
    charges.finish_capture(world, charge)
    refund = world.store.new(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        reason=call.get("reason"),
        metadata=metadata,
        status="succeeded",
    )
    _take(world, refund, charge)
    if cards.card_of(world, charge["payment_method"]).refund_fails:
        moment = world.clock.time() + FAILS_AFTER_S
        world.agenda.at(moment, _fail_later, refund["id"])
    return refund


def _charge(world: World, call: Call) -> JsonObject:
    if id := call.get("charge"):
        return world.store.get("charge", id, "charge")
    if id := call.get("payment_intent"):
        intent = world.store.get("payment_intent", id, "payment_intent")
        if intent["status"] != "succeeded":
            message = f"This PaymentIntent ({id}) does not have a successful charge to refund."
            raise StripeError(message, param="payment_intent", code="charge_not_captured")
        return world.store.get("charge", intent["latest_charge"])
    raise missing_parameter("payment_intent")


def _check(charge: JsonObject, amount: int) -> None:
    id, left = charge["id"], charge["amount_captured"] - charge["amount_refunded"]
    if not charge["captured"]:
        raise StripeError(f"Charge {id} has not been captured.", code="charge_not_captured")
    if charge["disputed"]:
        message = f"Charge {id} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")
    if left == 0:
        message = f"Charge {id} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise StripeError(message, param="amount")


def _take(world: World, refund: JsonObject, charge: JsonObject) -> None:
    refund["balance_transaction"] = balance.post(
        world, "refund", -refund["amount"], currency=refund["currency"], source=refund["id"]
    )
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.events.emit("refund.created", refund)
    world.events.emit("charge.refunded", charge)


def _fail_later(world: World, refund_id: str) -> None:
    refund = world.store.get("refund", refund_id)
    if refund["status"] == "succeeded":
        fail(world, refund)


def fail(world: World, refund: JsonObject) -> JsonObject:
    """The buyer's bank sent the refund back: the money is the platform's again."""
    if refund["status"] != "succeeded":
        raise StripeError(f"Refund {refund['id']} has a status of {refund['status']}.")
    charge = world.store.get("charge", refund["charge"])
    refund.update(status="failed", failure_reason="lost_or_stolen_card")
    refund["failure_balance_transaction"] = balance.post(
        world, "refund_failure", refund["amount"], currency=refund["currency"], source=refund["id"]
    )
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.events.emit("refund.failed", refund)
    world.events.emit("charge.refund.updated", refund)
    return refund


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/refunds/{refund}: only its metadata can be changed."""
    refund = retrieve(world, call)
    previous = {"metadata": dict(refund["metadata"])}
    refund["metadata"] = merge_metadata(refund["metadata"], call.get("metadata"))
    world.events.emit("refund.updated", refund, previous=previous)
    world.events.emit("charge.refund.updated", refund, previous=previous)
    return refund


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/refunds/{refund}."""
    return world.store.get("refund", call.path["refund"])


def list_refunds(world: World, call: Call) -> JsonObject:
    """GET /v1/refunds."""
    found = world.store.all("refund")
    return listing.page(found, call, "/v1/refunds", "charge", "payment_intent")


def list_of_charge(world: World, call: Call) -> JsonObject:
    """GET /v1/charges/{charge}/refunds, where a charge's `refunds` lead."""
    charge = world.store.get("charge", call.path["charge"], "charge")
    found = world.store.where("refund", charge=charge["id"])
    return listing.page(found, call, f"/v1/charges/{charge['id']}/refunds")
