"""The outside world's own account of the money, to hold a platform's ledger against."""

from collections import defaultdict

from sandbox.stripe import balance
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import World

NO_GROUP = ""


def books(world: World) -> JsonObject:
    """Per transfer group who paid and got what; all balances and their transactions."""
    accounts = [account["id"] for account in world.store.all("account")]
    return {
        "transfer_groups": groups(world),
        "balances": {
            "platform": balance.totals(world, None),
            **{id: balance.totals(world, id) for id in accounts},
        },
        "balance_transactions": [
            {**one, "account": world.owners.get(one["id"])}
            for one in world.store.all("balance_transaction")
        ],
    }


def groups(world: World) -> dict[str, dict[str, int]]:
    """`fee` is what stays with the platform and Stripe: paid - received - refunded - disputed."""
    sums: defaultdict[str, dict[str, int]] = defaultdict(
        lambda: {"buyer_paid": 0, "seller_received": 0, "refunded": 0, "disputed": 0}
    )
    group_of = {c["id"]: c["transfer_group"] or NO_GROUP for c in world.store.all("charge")}
    for charge in world.store.all("charge"):
        sums[group_of[charge["id"]]]["buyer_paid"] += charge["amount_captured"]
    for refund in world.store.where("refund", status="succeeded"):
        sums[group_of[refund["charge"]]]["refunded"] += refund["amount"]
    for dispute in world.store.all("dispute"):
        if dispute["status"] != "won":
            sums[group_of[dispute["charge"]]]["disputed"] += dispute["amount"]
    for transfer in world.store.all("transfer"):
        kept = transfer["amount"] - transfer["amount_reversed"]
        sums[transfer["transfer_group"] or NO_GROUP]["seller_received"] += kept
    return {group: {**one, "fee": _fee(one)} for group, one in sums.items()}


def _fee(one: dict[str, int]) -> int:
    return one["buyer_paid"] - one["seller_received"] - one["refunded"] - one["disputed"]
