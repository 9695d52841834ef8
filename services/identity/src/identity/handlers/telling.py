"""Events of identity, which identity itself also follows: its own doors need the same copy."""

from __future__ import annotations

from chassis import principals
from chassis.storage.database import Transaction


async def tell(tx: Transaction, event: principals.IdentityEvent, version: int) -> None:
    """Stage the event and take it over into this service's own copy of who may act."""
    tx.stage(event, sequence=version)
    await principals.project(tx, event)
