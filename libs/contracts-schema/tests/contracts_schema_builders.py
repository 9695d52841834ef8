"""Terms and schemas of the tests' own."""

from __future__ import annotations

from typing import Any

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, Rail, Terms, TrancheTerms, Windows

NUMBER = "01hzy3k8m9n0p1q2r3s4t5v6w7"


def some_terms(**changes: Any) -> Terms:
    """Agreed terms; name what should be otherwise."""
    price = Money(430_000, Currency.USD)
    fields: dict[str, Any] = {
        "contract_id": f"ctr_{NUMBER}",
        "deal_id": f"ofr_{NUMBER}",
        "listing_id": f"lst_{NUMBER}",
        "asset_id": "1818",
        "snapshot_sha256": "ab" * 32,
        "title": "Café of Kings",
        "seller_id": f"usr_{NUMBER}",
        "buyer_id": f"usr_{NUMBER[:-1]}8",
        "price": price,
        "rail": Rail.STRIPE,
        "seller_fee": Fee(basis_points=290, fixed_minor=30),
        "buyer_fee": Fee(basis_points=0, fixed_minor=0),
        "windows": Windows(
            funding_s=86_400, delivery_s=604_800, inspection_s=259_200, inspection_proven_s=86_400
        ),
        "tranches": (TrancheTerms(number=1, amount=price),),
    }
    return Terms(**fields | changes)


def an_event_schema(**changes: Any) -> dict[str, Any]:
    """The schema of an event with one field of each sort; name what should be otherwise."""
    schema: dict[str, Any] = {
        "$id": "/schemas/escrow.funds_held.v1.json",
        "x-kind": "event",
        "x-subject": "escrow_id",
        "type": "object",
        "$defs": {
            "Rail": {"type": "string", "enum": ["STRIPE", "USDC_BASE"]},
            "Money": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"minor": {"type": "integer", "minimum": 0, "maximum": 1000}},
                "required": ["minor"],
            },
        },
        "properties": {
            "escrow_id": {"type": "string", "pattern": "^esc_"},
            "held": {"$ref": "#/$defs/Money"},
            "rail": {"$ref": "#/$defs/Rail"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Money"}},
            "guild_id": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "reason": {"type": "string", "maxLength": 100, "default": ""},
            "held_at": {"type": "string", "format": "date-time"},
        },
        "required": ["escrow_id", "held", "rail", "parts", "held_at"],
    }
    return schema | changes
