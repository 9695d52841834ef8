"""What every event of a contract says."""

from __future__ import annotations

from typing import Any

from chassis.ops.telemetry import carry
from chassis.storage.database import Transaction
from contracts_schema.terms import Terms

from contracts.domain.contract import Contract


def parties(contract: Contract) -> dict[str, Any]:
    """The ids that every event of this contract carries."""
    return {
        "contract_id": contract.contract_id,
        "deal_id": contract.deal_id,
        "listing_id": contract.listing_id,
        "buyer_id": contract.buyer_id,
        "seller_id": contract.seller_id,
    }


def thread(tx: Transaction) -> dict[str, Any]:
    """What a timer keeps, so that its work belongs to the request and trace that set it."""
    return {"correlation_id": tx.cause.correlation_id, **carry()}


def terms_of(contract: Contract) -> Terms:
    """The terms as they were frozen."""
    return Terms.model_validate_json(contract.terms_json)
