"""Deliveries: one per tranche."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.storage.database import Database, Transaction

Reader = Transaction | Database


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the seller says was handed over, and what is known of it."""

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


_COLUMNS = (
    "delivery_id, escrow_id, tranche, title, description, evidence, delivered_at, state,"
    " confirmed_at, confirmed_by, proof_id"
)


async def add(tx: Transaction, delivery: Delivery) -> None:
    """Keep it; a tranche has one."""
    await tx.run(
        "INSERT INTO deliveries (delivery_id, escrow_id, tranche, title, description, evidence,"
        " delivered_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(delivery.delivery_id, delivery.escrow_id, delivery.tranche, delivery.title),
        *(delivery.description, list(delivery.evidence), delivery.delivered_at, delivery.state),
    )


async def of_escrow(reader: Reader, escrow_id: str) -> list[Delivery]:
    """The deliveries, by tranche."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM deliveries WHERE escrow_id = $1 ORDER BY tranche",  # noqa: S608
        escrow_id,
    )
    return [Delivery(**dict(row)) for row in rows]


async def confirm(tx: Transaction, escrow_id: str, by: str, proof_id: str | None = None) -> None:
    """Confirm the open deliveries, by a person or by proof; the first confirmation stays."""
    await tx.run(
        "UPDATE deliveries SET state = 'CONFIRMED', confirmed_at = coalesce(confirmed_at, $2),"
        " confirmed_by = CASE confirmed_by WHEN '' THEN $3 ELSE confirmed_by END,"
        " proof_id = coalesce(proof_id, $4)"
        " WHERE escrow_id = $1 AND state IN ('DELIVERED', 'CONFIRMED')",
        *(escrow_id, tx.now(), by, proof_id),
    )
