"""Charges: made by payment intents only, captured, read."""

from sandbox.stripe import balance, listing
from sandbox.stripe.cards import Card, Outcome, card_of
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World


def attempt(world: World, intent: JsonObject, method: JsonObject) -> JsonObject:
    """Charge the payment method for the intent's amount; the charge says how it went."""
    card = card_of(world, method["id"])
    declined = card.outcome is Outcome.DECLINED
    charge = world.store.new(
        "charge",
        amount=intent["amount"],
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(card),
        transfer_group=intent["transfer_group"],
        receipt_email=intent["receipt_email"],
        paid=not declined,
        status="failed" if declined else "succeeded",
        outcome=_outcome(card),
    )
    if declined:
        charge.update(failure_code=card.code, failure_message=card.message)
    elif intent["capture_method"] == "automatic":
        settle(world, charge, charge["amount"])
    elif intent["capture_method"] == "automatic_async":
        charge.update(captured=True, amount_captured=charge["amount"])
        moment = world.clock.time() + world.settings.capture_delay_s
        world.agenda.at(moment, _capture, charge["id"])
    return charge


def _capture(world: World, charge_id: str) -> None:
    finish_capture(world, world.store.get("charge", charge_id))


def finish_capture(world: World, charge: JsonObject) -> None:
    """Complete a capture in the background: only now is there money, and a fee.

    Whatever takes money out of the charge completes it first.
    """
    if charge["captured"] and charge["balance_transaction"] is None:
        settle(world, charge, charge["amount_captured"])
        world.events.emit("charge.updated", charge, previous={"balance_transaction": None})


def settle(world: World, charge: JsonObject, amount: int) -> None:
    """Take the money: Stripe keeps its fee, the rest waits on the platform's balance."""
    settings = world.settings
    fee = (amount * settings.fee_bps + 5_000) // 10_000 + settings.fee_fixed_minor
    now = world.clock.timestamp()
    bypass = card_of(world, charge["payment_method"]).bypass_pending
    charge["captured"] = True
    charge["amount_captured"] = amount
    charge["balance_transaction"] = balance.post(
        world,
        "charge",
        amount,
        fee=fee,
        currency=charge["currency"],
        source=charge["id"],
        description=charge["description"],
        available_on=now if bypass else balance.pending_until(world),
    )


def _details(card: Card) -> JsonObject:
    return {
        "type": "card",
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": 8,
            "exp_year": 2034,
            "fingerprint": None,
            "funding": "credit",
            "installments": None,
            "last4": card.last4,
            "mandate": None,
            "network": card.brand,
            "three_d_secure": None,
            "wallet": None,
        },
    }


def _outcome(card: Card) -> JsonObject:
    declined = card.outcome is Outcome.DECLINED
    return {
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": card.decline_code or None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": card.message or "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def refunds_of(world: World, charge: JsonObject) -> JsonObject:
    """The charge's refunds as a list, newest first."""
    found = world.store.where("refund", charge=charge["id"])[::-1]
    return listing.as_list(found[:10], f"/v1/charges/{charge['id']}/refunds", len(found) > 10)


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/charges/{charge}."""
    return world.store.get("charge", call.path["charge"])


def list_charges(world: World, call: Call) -> JsonObject:
    """GET /v1/charges."""
    filters = ("customer", "payment_intent", "transfer_group")
    return listing.page(world.store.all("charge"), call, "/v1/charges", *filters)
