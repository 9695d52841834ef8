"""Balances and balance transactions, of the platform and of every connected account."""

from collections import defaultdict
from typing import Any

from sandbox.stripe import listing
from sandbox.stripe.errors import StripeError
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World

DAY_S = 24 * 3600


def post(world: World, kind: str, amount: int, account: str | None = None, **fields: Any) -> str:
    """Write one balance transaction and return its id; amounts out are negative."""
    fee = fields.pop("fee", 0)
    currency = fields.setdefault("currency", "usd")
    now = world.clock.timestamp()
    fields.setdefault("available_on", now)
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": fields.pop("fee_description", "Stripe processing fees"),
            "type": "stripe_fee",
        }
    ]
    fields.setdefault("reporting_category", kind)
    transaction = world.store.new(
        "balance_transaction",
        type=kind,
        amount=amount,
        fee=fee,
        net=amount - fee,
        fee_details=details if fee else [],
        status="available" if fields["available_on"] <= now else "pending",
        **fields,
    )
    if account is not None:
        world.owners[transaction["id"]] = account
    return str(transaction["id"])


def refresh(world: World) -> None:
    """Make available what has waited long enough."""
    now = world.clock.timestamp()
    for transaction in world.store.where("balance_transaction", status="pending"):
        if transaction["available_on"] <= now:
            transaction["status"] = "available"
            world.store.changed("balance_transaction", transaction)


def pending_until(world: World) -> int:
    """When money of a charge made now becomes available."""
    return world.clock.timestamp() + world.settings.pending_days * DAY_S


def transactions(world: World, account: str | None) -> list[JsonObject]:
    """The balance transactions of one account, the platform's for None."""
    refresh(world)
    every = world.store.all("balance_transaction")
    return [one for one in every if world.owners.get(one["id"]) == account]


def totals(world: World, account: str | None) -> dict[str, dict[str, int]]:
    """Net amounts by status and currency."""
    sums: dict[str, defaultdict[str, int]] = {
        "available": defaultdict(int, usd=0),
        "pending": defaultdict(int, usd=0),
    }
    for one in transactions(world, account):
        sums[one["status"]][one["currency"]] += one["net"]
    return {status: dict(by_currency) for status, by_currency in sums.items()}


def available(world: World, account: str | None, currency: str) -> int:
    """What the account can pay out or transfer now."""
    return totals(world, account)["available"].get(currency, 0)


def whole(world: World, account: str | None, currency: str) -> int:
    """What the account owns, waiting money included."""
    return sum(part.get(currency, 0) for part in totals(world, account).values())


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/balance."""
    parts = {
        status: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in by_currency.items()
        ]
        for status, by_currency in totals(world, call.account).items()
    }
    return {"object": "balance", "livemode": False, **parts}


def retrieve_transaction(world: World, call: Call) -> JsonObject:
    """GET /v1/balance_transactions/{id}."""
    refresh(world)
    found = world.store.get("balance_transaction", call.path["id"])
    if world.owners.get(found["id"]) != call.account:
        raise StripeError(
            f"No such balance transaction: '{found['id']}'", status=404, code="resource_missing"
        )
    return found


def list_transactions(world: World, call: Call) -> JsonObject:
    """GET /v1/balance_transactions."""
    found = transactions(world, call.account)
    return listing.page(
        found, call, "/v1/balance_transactions", "currency", "source", "type", "payout"
    )
