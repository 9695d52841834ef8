"""Proofs that assets changed hands."""

from __future__ import annotations

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy.dialects.postgresql import insert

from verification.domain.watch import Proof
from verification.store.tables import proofs

_ADD = statement(insert(proofs).values(parameters(proofs)))


async def add(tx: Transaction, proof: Proof) -> None:
    """Keep the proof of a transfer."""
    await tx.run(_ADD, **_ADD.values_of(proof))
