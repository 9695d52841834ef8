"""Transfers to connected accounts and their reversals."""

from sandbox.stripe import balance, charges, listing
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.intents import check_money
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/transfers."""
    source = _source(world, call)
    amount = call.get("amount", source["amount"] if source else None)
    if amount is None:
        raise missing_parameter("amount")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    check_money(Call(call.endpoint, {}, {"currency": call.params["currency"]}))
    currency = call.params["currency"].lower()
    metadata = merge_metadata({}, call.get("metadata"))
    destination = _destination(world, call.params["destination"])
    if source:
        _check_source(world, source, amount, currency)
    elif amount > balance.available(world, None, currency):
        raise _insufficient(
            "You have insufficient available funds in your Stripe account. Try adding funds "
            "directly to your available balance by creating Charges using the 4000000000000077 "
            "test card. See: https://stripe.com/docs/testing#available-balance"
        )
    transfer = world.store.new(
        "transfer",
        amount=amount,
        currency=currency,
        description=call.get("description"),
        destination=destination["id"],
        destination_payment=random_id("py"),
        metadata=metadata,
        source_transaction=source["id"] if source else None,
        transfer_group=_group(call, source),
    )
    _move(world, transfer, source)
    return transfer


def _source(world: World, call: Call) -> JsonObject | None:
    id = call.get("source_transaction")
    if id is None:
        return None
    charge = world.store.get("charge", id, "source_transaction", status=400)
    if not charge["captured"]:
        raise StripeError(
            f"Charge {id} cannot be used as a source_transaction: it has not been captured.",
            param="source_transaction",
        )
    charges.finish_capture(world, charge)
    return charge


def _destination(world: World, id: str) -> JsonObject:
    account = world.store.find(id)
    if account is None or account["object"] != "account":
        raise StripeError(
            f"No such destination: '{id}'", param="destination", code="resource_missing"
        )
    if account["capabilities"].get("transfers") != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities "
            "enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return account


def _check_source(world: World, charge: JsonObject, amount: int, currency: str) -> None:
    if currency != charge["currency"]:
        message = f"The currency of source_transaction's balance transaction is not {currency}"
        raise StripeError(message, param="currency")
    drawn = world.drawn.get(charge["id"], 0)
    if amount + drawn > charge["amount_captured"]:
        raise StripeError(
            "Transfers using this transaction as a source must not exceed the source amount of "
            f"{charge['amount_captured']}. (There are already transfers using this source, "
            f"totaling {drawn}.)",
            param="amount",
        )


def _group(call: Call, source: JsonObject | None) -> str | None:
    given: str | None = call.get("transfer_group")
    if source is None:
        return given
    if source["transfer_group"] is None:
        source["transfer_group"] = given or f"group_{source['id']}"
    if given not in (None, source["transfer_group"]):
        message = "The transfer_group must equal that of the source_transaction."
        raise StripeError(message, param="transfer_group")
    return str(source["transfer_group"])


def _move(world: World, transfer: JsonObject, source: JsonObject | None) -> None:
    when = world.clock.timestamp()
    if source:
        when = world.store.get("balance_transaction", source["balance_transaction"])["available_on"]
        world.drawn[source["id"]] = world.drawn.get(source["id"], 0) + transfer["amount"]
    shared = {"currency": transfer["currency"], "available_on": when}
    transfer["balance_transaction"] = balance.post(
        world, "transfer", -transfer["amount"], source=transfer["id"], **shared
    )
    balance.post(
        world,
        "payment",
        transfer["amount"],
        account=transfer["destination"],
        source=transfer["destination_payment"],
        **shared,
    )
    transfer["reversals"]["url"] = f"/v1/transfers/{transfer['id']}/reversals"
    world.events.emit("transfer.created", transfer)


def reverse(world: World, call: Call) -> JsonObject:
    """POST /v1/transfers/{id}/reversals."""
    transfer = world.store.get("transfer", call.path["id"])
    if call.get("refund_application_fee"):
        raise invalid("The transfer has no application fee to refund.", "refund_application_fee")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.get("amount", left)
    metadata = merge_metadata({}, call.get("metadata"))
    if left == 0:
        raise StripeError(f"Transfer {transfer['id']} is already fully reversed.", param="id")
    if not 1 <= amount <= left:
        message = (
            f"Reversal amount ({amount}) must lie between 1 and the unreversed amount ({left})"
        )
        raise StripeError(message, param="amount")
    if amount > balance.whole(world, transfer["destination"], transfer["currency"]):
        raise _insufficient(
            "Insufficient funds in the connected account to reverse this transfer. The reversal "
            "needs an available balance of the destination account of at least its amount."
        )
    reversal = world.store.new(
        "transfer_reversal",
        amount=amount,
        currency=transfer["currency"],
        destination_payment_refund=random_id("pyr"),
        metadata=metadata,
        transfer=transfer["id"],
    )
    _move_back(world, transfer, reversal)
    return reversal


def _move_back(world: World, transfer: JsonObject, reversal: JsonObject) -> None:
    amount, currency = reversal["amount"], reversal["currency"]
    reversal["balance_transaction"] = balance.post(
        world,
        "transfer_refund",
        amount,
        currency=currency,
        source=reversal["id"],
        reporting_category="transfer_reversal",
    )
    balance.post(
        world,
        "payment_refund",
        -amount,
        account=transfer["destination"],
        currency=currency,
        source=reversal["destination_payment_refund"],
    )
    if source := transfer["source_transaction"]:
        world.drawn[source] -= amount
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, dict(reversal))
    world.events.emit("transfer.reversed", transfer)


def _insufficient(message: str) -> StripeError:
    return StripeError(message, code="balance_insufficient")


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/transfers/{transfer}."""
    transfer = world.store.get("transfer", call.path["transfer"])
    metadata = merge_metadata(transfer["metadata"], call.get("metadata"))
    transfer.update(call.given("description"), metadata=metadata)
    world.events.emit("transfer.updated", transfer)
    return transfer


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/transfers/{transfer}."""
    return world.store.get("transfer", call.path["transfer"])


def list_transfers(world: World, call: Call) -> JsonObject:
    """GET /v1/transfers."""
    found = world.store.all("transfer")
    return listing.page(found, call, "/v1/transfers", "destination", "transfer_group")


def retrieve_reversal(world: World, call: Call) -> JsonObject:
    """GET /v1/transfers/{transfer}/reversals/{id}."""
    world.store.get("transfer", call.path["transfer"], "transfer")
    return world.store.get("transfer_reversal", call.path["id"])


def update_reversal(world: World, call: Call) -> JsonObject:
    """POST /v1/transfers/{transfer}/reversals/{id}: only its metadata can be changed."""
    reversal = retrieve_reversal(world, call)
    reversal["metadata"] = merge_metadata(reversal["metadata"], call.get("metadata"))
    return reversal


def list_reversals(world: World, call: Call) -> JsonObject:
    """GET /v1/transfers/{id}/reversals."""
    transfer = world.store.get("transfer", call.path["id"])
    found = world.store.where("transfer_reversal", transfer=transfer["id"])
    return listing.page(found, call, f"/v1/transfers/{transfer['id']}/reversals")
