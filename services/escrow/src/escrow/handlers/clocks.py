"""The clock of the state an escrow is in: its end, and a reminder at 50 % and at 90 %."""

from __future__ import annotations

from datetime import timedelta

from chassis.database import Transaction

from escrow.domain.escrow import RUNNING, Escrow

END = "escrow.window"
REMINDERS = {"escrow.reminder_50": 50, "escrow.reminder_90": 90}


async def start(tx: Transaction, escrow: Escrow) -> None:
    """Run the clock of this state; reminders whose time has passed are left out."""
    if escrow.state not in RUNNING or escrow.deadline is None or escrow.frozen:
        return
    await tx.set_timer(END, escrow.escrow_id, escrow.deadline)
    window, _ = RUNNING[escrow.state]
    whole = timedelta(seconds=escrow.window_s)
    for kind, percent in REMINDERS.items():
        at = escrow.deadline - whole * (100 - percent) / 100
        if at > tx.now():
            await tx.set_timer(kind, escrow.escrow_id, at, {"window": window, "percent": percent})


async def stop(tx: Transaction, escrow_id: str) -> None:
    """Stop every clock of the deal."""
    await tx.drop_timers(escrow_id, END, *REMINDERS)
