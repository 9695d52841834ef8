"""Signatures, which are added and never changed; a contract is read with its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.events.listings import Side
from sqlalchemy import insert

from contracts.domain.signature import Method, Signature
from contracts.store.tables import signatures

_ADD = statement(insert(signatures).values(parameters(signatures)))


async def add(tx: Transaction, contract_id: str, signature: Signature) -> None:
    """Keep a signature for good."""
    await tx.run(_ADD, **_ADD.values_of(signature, contract_id=contract_id))


def from_json(row: Mapping[str, Any]) -> Signature:
    """The signature in a row that PostgreSQL wrote as JSON."""
    read = {
        "side": Side(row["side"]),
        "method": Method(row["method"]),
        "signed_at": datetime.fromisoformat(row["signed_at"]),
    }
    kept = {name: value for name, value in row.items() if name != "contract_id"}
    return Signature(**kept | read)
