"""Customers: made and read."""

from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

KEPT = ("description", "email", "name", "phone", "address", "shipping", "tax_exempt")


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/customers."""
    metadata = merge_metadata({}, call.get("metadata"))
    prefix = random_id("", 8)[1:].upper()
    customer = world.store.new(
        "customer", metadata=metadata, invoice_prefix=prefix, **call.given(*KEPT)
    )
    world.events.emit("customer.created", customer)
    return customer


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/customers/{customer}."""
    return world.store.get("customer", call.path["customer"])
