"""Deliveries: one per tranche."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, insert, select

from escrow.domain.delivery import Delivery
from escrow.store.tables import deliveries

Reader = Transaction | Database

_ADD = statement(insert(deliveries).values(parameters(deliveries)))
_OF_ESCROW = statement(
    select(deliveries)
    .where(deliveries.c.escrow_id == bindparam("escrow_id"))
    .order_by(deliveries.c.tranche)
)
_CONFIRM = statement("""
UPDATE deliveries SET state = 'CONFIRMED', confirmed_at = coalesce(confirmed_at, :now),
    confirmed_by = CASE confirmed_by WHEN '' THEN :by ELSE confirmed_by END,
    proof_id = coalesce(proof_id, :proof_id)
WHERE escrow_id = :escrow_id AND state IN ('DELIVERED', 'CONFIRMED')
""")


async def add(tx: Transaction, delivery: Delivery) -> None:
    """Keep it; a tranche has one."""
    await tx.run(_ADD, **_ADD.values_of(delivery, evidence=list(delivery.evidence)))


async def of_escrow(reader: Reader, escrow_id: str) -> list[Delivery]:
    """The deliveries, by tranche."""
    return [Delivery(**row) for row in await reader.rows(_OF_ESCROW, escrow_id=escrow_id)]


async def confirm(tx: Transaction, escrow_id: str, by: str, proof_id: str | None = None) -> None:
    """Confirm the open deliveries, by a person or by proof; the first confirmation stays."""
    await tx.run(_CONFIRM, escrow_id=escrow_id, now=tx.now(), by=by, proof_id=proof_id)
