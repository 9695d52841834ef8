"""What the seller handed over, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts_schema.ids import derive_id


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the seller says was handed over, and what is known of it; a tranche has one."""

    delivery_id: str
    escrow_id: str
    tranche: int
    title: str
    description: str
    evidence: Sequence[dict[str, Any]]
    delivered_at: datetime
    state: str = "DELIVERED"
    confirmed_at: datetime | None = None
    confirmed_by: str = ""
    proof_id: str | None = None


def delivery_id_of(escrow_id: str, tranche: int) -> str:
    """The one delivery that a tranche can have."""
    return derive_id("dlv", escrow_id, str(tranche))
