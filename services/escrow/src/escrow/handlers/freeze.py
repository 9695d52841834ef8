"""Nothing moves by itself while something is wrong; when that is over, the window goes on."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.escrow import Frozen, Unfrozen

from escrow.domain import freeze as freezes
from escrow.domain.escrow import Escrow
from escrow.domain.states import State
from escrow.store import escrow as escrows


async def freeze(tx: Transaction, escrow: Escrow, reason: str) -> None:
    """Let nothing move by itself; both are told once for each reason."""
    if freezes.freeze(escrow, reason, tx.now()):
        await escrows.save(tx, escrow)
        tx.stage(Frozen(**escrow.facts, reason_code=reason), sequence=escrow.version)
        tx.audit("escrow.freeze", escrow.escrow_id, reason=reason)


async def thaw(
    tx: Transaction, escrow: Escrow, reasons: tuple[str, ...], code: str, why: str = ""
) -> None:
    """These reasons are over; with the last one the window goes on, and both are told."""
    over = [each for each in reasons if freezes.thaw(escrow, each, tx.now())]
    if not over:
        return
    await escrows.save(tx, escrow)
    tx.audit("escrow.unfreeze", escrow.escrow_id, reason=why or code, over=", ".join(over))
    if escrow.freezes:
        return
    window = "" if escrow.state is State.AWAIT_FUNDS else escrow.window
    unfrozen = Unfrozen(
        **escrow.facts,
        reason_code=code,
        window=window,
        deadline=escrow.deadline if window else None,
    )
    tx.stage(unfrozen, sequence=escrow.version)
