"""Customers: made, read, changed, deleted."""

from sandbox.stripe import listing
from sandbox.stripe.errors import no_such
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

KEPT = (
    *("description", "email", "name", "phone", "address", "shipping", "tax_exempt"),
    *("business_name", "individual_name", "preferred_locales", "invoice_prefix"),
)


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/customers."""
    metadata = merge_metadata({}, call.get("metadata"))
    prefix = random_id("", 8)[1:].upper()
    fields = {"invoice_prefix": prefix, **call.given(*KEPT)}
    customer = world.store.new("customer", metadata=metadata, **fields)
    world.events.emit("customer.created", customer)
    return customer


def living(world: World, id: str, param: str = "customer", status: int = 404) -> JsonObject:
    """The customer, or Stripe's error that there is none: a deleted one can do nothing."""
    customer = world.store.get("customer", id, param, status)
    if customer.get("deleted"):
        raise no_such("customer", id, param, status)
    return customer


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/customers/{customer}."""
    customer = living(world, call.path["customer"], "id")
    metadata = merge_metadata(customer["metadata"], call.get("metadata"))
    changed = {**call.given(*KEPT), "metadata": metadata}
    previous = {name: customer[name] for name in changed if customer[name] != changed[name]}
    customer.update(changed)
    world.events.emit("customer.updated", customer, previous=previous)
    return customer


def delete(world: World, call: Call) -> JsonObject:
    """DELETE /v1/customers/{customer}: for good; its id still says that it was there."""
    customer = living(world, call.path["customer"], "id")
    world.events.emit("customer.deleted", customer)
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    customer.clear()
    customer.update(gone)
    return customer


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/customers/{customer}."""
    return world.store.get("customer", call.path["customer"])


def list_customers(world: World, call: Call) -> JsonObject:
    """GET /v1/customers."""
    found = [one for one in world.store.all("customer") if not one.get("deleted")]
    return listing.page(found, call, "/v1/customers", "email")
