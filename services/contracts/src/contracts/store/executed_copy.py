"""Executed copies, one for each contract in force; they are added and never changed."""

from __future__ import annotations

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy.dialects.postgresql import insert

from contracts.store.tables import executed_copies

_ADD = statement(
    insert(executed_copies).values(parameters(executed_copies)).on_conflict_do_nothing()
)


async def add(tx: Transaction, contract_id: str, pdf_sha256: str) -> bool:
    """Keep the copy's hash; False if there is a copy already."""
    copy = {"contract_id": contract_id, "pdf_sha256": pdf_sha256, "made_at": tx.now()}
    return bool(await tx.run(_ADD, **copy))
