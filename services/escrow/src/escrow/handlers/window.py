"""The windows that people are reminded of."""

from __future__ import annotations

from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import DeadlineNear

from escrow.store import escrow as escrows


async def remind(tx: Transaction, timer: Timer) -> None:
    """Tell both that a window is near its end, if it is that window and its clock runs."""
    escrow = await escrows.lock(tx, timer.subject_id)
    deadline = escrow.deadline
    if deadline is None or escrow.clock_stands:
        return
    if deadline.isoformat() != timer.payload["deadline"]:
        return
    near = DeadlineNear(
        **escrow.facts,
        window=timer.payload["window"],
        percent=timer.payload["percent"],
        deadline=deadline,
    )
    tx.stage(near, sequence=escrow.version)
