"""Which function plays which endpoint."""

from fnmatch import fnmatchcase
from functools import partial

from sandbox.stripe import (
    accounts,
    balance,
    cards,
    charges,
    checkout,
    customers,
    disputes,
    intents,
    listing,
    payments,
    refunds,
    transfers,
    webhook_endpoints,
)
from sandbox.stripe.accounts import Links
from sandbox.stripe.api import Operation
from sandbox.stripe.endpoints import CUSTOMER, INTENT, SESSION, TRANSFER, WEBHOOK_ENDPOINT
from sandbox.stripe.errors import invalid
from sandbox.stripe.listing import Included
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World


def create_intent(world: World, call: Call) -> JsonObject:
    """POST /v1/payment_intents, confirmed at once where the caller asks for it."""
    if call.get("confirm"):
        payments.need_return_url(intents.automatic_methods(call), call)
    intent = intents.create(world, call)
    return payments.confirm_with(world, intent, call) if call.get("confirm") else intent


def create_link(links: Links, world: World, call: Call) -> JsonObject:
    """POST /v1/account_links."""
    return accounts.create_link(world, links, call)


def retrieve_event(world: World, call: Call) -> JsonObject:
    """GET /v1/events/{id}."""
    return world.store.get("event", call.path["id"])


def list_events(world: World, call: Call) -> JsonObject:
    """GET /v1/events."""
    if "type" in call.params and "types" in call.params:
        raise invalid("You may pass either `type` or `types`, but not both.", "types")
    wanted = call.get("types") or [call.get("type", "*")]
    found = [
        event
        for event in world.store.all("event")
        if any(fnmatchcase(event["type"], pattern) for pattern in wanted)
    ]
    return listing.page(found, call, "/v1/events")


def included(world: World) -> Included:
    """Fields that only `expand` shows."""
    return {
        ("checkout.session", "line_items"): partial(checkout.line_items, world),
        ("charge", "refunds"): partial(charges.refunds_of, world),
    }


PLAYED: dict[str, Operation] = {
    "POST /v1/customers": customers.create,
    "GET /v1/customers": customers.list_customers,
    f"GET {CUSTOMER}": customers.retrieve,
    f"POST {CUSTOMER}": customers.update,
    f"DELETE {CUSTOMER}": customers.delete,
    "POST /v1/payment_intents": create_intent,
    "GET /v1/payment_intents": intents.list_intents,
    "GET /v1/payment_intents/search": intents.search,
    f"GET {INTENT}": intents.retrieve,
    f"POST {INTENT}": intents.update,
    f"POST {INTENT}/confirm": payments.confirm,
    f"POST {INTENT}/capture": intents.capture,
    f"POST {INTENT}/cancel": intents.cancel,
    "GET /v1/payment_methods/{payment_method}": cards.retrieve,
    "GET /v1/charges": charges.list_charges,
    "GET /v1/charges/{charge}": charges.retrieve,
    "POST /v1/refunds": refunds.create,
    "GET /v1/refunds": refunds.list_refunds,
    "GET /v1/refunds/{refund}": refunds.retrieve,
    "POST /v1/refunds/{refund}": refunds.update,
    "GET /v1/charges/{charge}/refunds": refunds.list_of_charge,
    "POST /v1/accounts": accounts.create,
    "GET /v1/accounts": accounts.list_accounts,
    "GET /v1/accounts/{account}": accounts.retrieve,
    "POST /v1/accounts/{account}": accounts.update,
    "POST /v1/transfers": transfers.create,
    "GET /v1/transfers": transfers.list_transfers,
    f"GET {TRANSFER}": transfers.retrieve,
    f"POST {TRANSFER}": transfers.update,
    "POST /v1/transfers/{id}/reversals": transfers.reverse,
    "GET /v1/transfers/{id}/reversals": transfers.list_reversals,
    f"GET {TRANSFER}/reversals/{{id}}": transfers.retrieve_reversal,
    f"POST {TRANSFER}/reversals/{{id}}": transfers.update_reversal,
    "GET /v1/balance": balance.retrieve,
    "GET /v1/balance_transactions": balance.list_transactions,
    "GET /v1/balance_transactions/{id}": balance.retrieve_transaction,
    "GET /v1/disputes": disputes.list_disputes,
    "GET /v1/disputes/{dispute}": disputes.retrieve,
    "POST /v1/disputes/{dispute}": disputes.update,
    "POST /v1/disputes/{dispute}/close": disputes.close_by_call,
    "GET /v1/events": list_events,
    "GET /v1/events/{id}": retrieve_event,
    "POST /v1/checkout/sessions": checkout.create,
    "GET /v1/checkout/sessions": checkout.list_sessions,
    f"GET {SESSION}": checkout.retrieve,
    f"POST {SESSION}/expire": checkout.expire_by_call,
    f"GET {SESSION}/line_items": checkout.list_items,
    "POST /v1/webhook_endpoints": webhook_endpoints.create,
    "GET /v1/webhook_endpoints": webhook_endpoints.list_endpoints,
    f"GET {WEBHOOK_ENDPOINT}": webhook_endpoints.retrieve,
    f"POST {WEBHOOK_ENDPOINT}": webhook_endpoints.update,
    f"DELETE {WEBHOOK_ENDPOINT}": webhook_endpoints.delete,
}


def operations(links: Links) -> dict[str, Operation]:
    """The operation of every endpoint."""
    return {**PLAYED, "POST /v1/account_links": partial(create_link, links)}
