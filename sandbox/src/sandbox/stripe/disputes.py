"""Disputes: a payer's bank takes the money back and charges a fee; the platform answers."""

from sandbox.stripe import balance, charges, listing
from sandbox.stripe.errors import StripeError
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import Call, World

FEE = 1500
ANSWER_S = 9 * 24 * 3600
DECIDED_AFTER_S = 1
DECIDED_BY = {"winning_evidence": True, "losing_evidence": False}
OPEN = ("needs_response", "under_review")
REASONS = frozenset(
    "bank_cannot_process check_returned credit_not_processed customer_initiated "
    "debit_not_authorized duplicate fraudulent general incorrect_account_details "
    "insufficient_funds product_not_received product_unacceptable subscription_canceled "
    "unrecognized".split()
)


def open_dispute(world: World, charge: JsonObject, amount: int, reason: str) -> JsonObject:
    """The payer disputes the charge: the money and a fee leave the platform's balance."""
    if charge["disputed"] or not charge["captured"]:
        raise StripeError(f"Charge {charge['id']} cannot be disputed: not captured or already is.")
    if reason not in REASONS:
        raise StripeError(f"reason must be one of {', '.join(sorted(REASONS))}")
    if not 1 <= amount <= charge["amount_captured"] - charge["amount_refunded"]:
        raise StripeError("amount must lie between 1 and what is not refunded of the charge.")
    charges.finish_capture(world, charge)
    dispute = world.store.new(
        "dispute",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
        is_charge_refundable=False,
    )
    dispute["evidence_details"]["due_by"] = world.clock.timestamp() + ANSWER_S
    charge["disputed"] = True
    world.events.emit("charge.dispute.created", dispute)
    _withdraw(world, dispute)
    return dispute


def _withdraw(world: World, dispute: JsonObject) -> None:
    _post(world, dispute, -dispute["amount"], FEE, "Chargeback withdrawal")
    world.events.emit("charge.dispute.funds_withdrawn", dispute)


def _post(world: World, dispute: JsonObject, amount: int, fee: int, description: str) -> None:
    id = balance.post(
        world,
        "adjustment",
        amount,
        currency=dispute["currency"],
        source=dispute["id"],
        fee=fee,
        fee_description="Dispute fee",
        reporting_category="dispute" if amount < 0 else "dispute_reversal",
        description=f"{description} for {dispute['charge']}",
    )
    transaction = world.store.get("balance_transaction", id)
    dispute["balance_transactions"].append(dict(transaction))


def close(world: World, dispute: JsonObject, won: bool) -> JsonObject:
    """The bank decides; a platform that wins has its money back, the fee stays paid."""
    if dispute["status"] not in OPEN:
        raise StripeError(f"Dispute {dispute['id']} is already closed ({dispute['status']}).")
    dispute["status"] = "won" if won else "lost"
    world.events.emit("charge.dispute.closed", dispute)
    if won:
        _post(world, dispute, dispute["amount"], 0, "Chargeback reversal")
        world.store.get("charge", dispute["charge"])["disputed"] = False
        world.events.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/disputes/{dispute}: evidence, kept as a draft or submitted."""
    dispute = world.store.get("dispute", call.path["dispute"], "dispute")
    if dispute["status"] not in OPEN:
        raise StripeError("This dispute is already closed", code="dispute_closed")
    dispute["metadata"] = merge_metadata(dispute["metadata"], call.get("metadata"))
    if evidence := call.get("evidence"):
        dispute["evidence"].update(evidence)
        dispute["evidence_details"]["has_evidence"] = True
    if evidence and call.get("submit", True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
        _decide_by(world, dispute)
    world.events.emit("charge.dispute.updated", dispute)
    return dispute


def _decide_by(world: World, dispute: JsonObject) -> None:
    """Evidence with Stripe's words for tests decides the dispute a moment later."""
    text = dispute["evidence"]["uncategorized_text"]
    if text in DECIDED_BY:
        decide = _win if DECIDED_BY[text] else _lose
        world.agenda.at(world.clock.time() + DECIDED_AFTER_S, decide, dispute["id"])


def _win(world: World, dispute_id: str) -> None:
    _close_if_open(world, dispute_id, won=True)


def _lose(world: World, dispute_id: str) -> None:
    _close_if_open(world, dispute_id, won=False)


def _close_if_open(world: World, dispute_id: str, won: bool) -> None:
    dispute = world.store.get("dispute", dispute_id)
    if dispute["status"] in OPEN:
        close(world, dispute, won)


def close_by_call(world: World, call: Call) -> JsonObject:
    """POST /v1/disputes/{dispute}/close: the platform gives in."""
    return close(world, world.store.get("dispute", call.path["dispute"], "dispute"), won=False)


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/disputes/{dispute}."""
    return world.store.get("dispute", call.path["dispute"], "dispute")


def list_disputes(world: World, call: Call) -> JsonObject:
    """GET /v1/disputes."""
    found = world.store.all("dispute")
    return listing.page(found, call, "/v1/disputes", "charge", "payment_intent")
