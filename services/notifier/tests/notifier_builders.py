"""One example of every event that is told."""

from __future__ import annotations

import types
import typing
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from contracts_schema.buttons import STYLES
from contracts_schema.events import escrow
from contracts_schema.ids import new_id
from contracts_schema.message import Event
from contracts_schema.money import Currency, Money
from contracts_schema.terms import (
    Fee,
    Rail,
    Terms,
    TrancheTerms,
    Windows,
)
from notifier.domain.by_event import NOTICES_BY_EVENT

PREFIXES = {
    "user_id": "usr", "buyer_id": "usr", "seller_id": "usr", "signer_id": "usr",
    "listing_id": "lst", "offer_id": "ofr", "parent_id": "ofr", "deal_id": "ofr",
    "contract_id": "ctr", "escrow_id": "esc", "link_id": "lnk", "payout_id": "pay",
    "delivery_id": "dlv", "proof_id": "prf",
}  # fmt: skip
FIXED: dict[str, Any] = {"window": "delivery", "title": "Tower of Tests", "asset_id": "42"}


def every_event() -> list[Event]:
    """One of each, with every field filled, and those that are told in other words by a field."""
    return [an_event(model) for model in NOTICES_BY_EVENT] + [
        *(an_event(escrow.Frozen, reason_code=why) for why in ("chargeback", "wrong_currency")),
        *(an_event(escrow.Unfrozen, window=window) for window in ("inspection", "")),
    ]


def an_event(model: type[Event], **given: Any) -> Any:
    """An event of this class; what is not given gets an example value."""
    values = {
        name: given.get(name, _example(name, field.annotation))
        for name, field in model.model_fields.items()
    }
    if "actions" in values and "actions" not in given:
        users = [value for value in values.values() if str(value).startswith("usr_")]
        values["actions"] = dict.fromkeys(users, tuple(STYLES))
    return model(**values)


def some_terms() -> Terms:
    """Terms of a plain Stripe deal."""
    price = Money(430_000, Currency.USD)
    return Terms(
        contract_id=new_id("ctr"), deal_id=new_id("ofr"), listing_id=new_id("lst"),
        asset_id="42", snapshot_sha256="0" * 64, title="Tower of Tests",
        seller_id=new_id("usr"), buyer_id=new_id("usr"), price=price, rail=Rail.STRIPE,
        seller_fee=Fee(basis_points=290, fixed_minor=30),
        buyer_fee=Fee(basis_points=0, fixed_minor=0),
        windows=Windows(funding_s=1, delivery_s=1, inspection_s=1, inspection_proven_s=1),
        tranches=(TrancheTerms(number=1, amount=price),),
    )  # fmt: skip


def _example(name: str, annotation: Any) -> Any:
    kinds = [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
    kind = kinds[0]
    if name in PREFIXES:
        return new_id(PREFIXES[name])
    if name in FIXED:
        return FIXED[name]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    examples: dict[Any, Any] = {
        Money: Money(430_000, Currency.USD),
        datetime: datetime.now(UTC) + timedelta(days=3),
        bool: False,
        int: 1,
        Terms: some_terms(),
    }
    return examples.get(kind, "a" * 20)
