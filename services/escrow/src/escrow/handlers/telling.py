"""What every event of an escrow carries, and the windows that people are reminded of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chassis.cause import Cause
from chassis.ops.telemetry import carry
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import DeadlineNear

from escrow.domain.errors import NotAParty
from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Entry
from escrow.store import books, escrows

FUNDING, DELIVERY, INSPECTION = "funding", "delivery", "inspection"
WINDOWS = (FUNDING, DELIVERY, INSPECTION)
REMINDERS = (50, 90)


def parties(escrow: Escrow) -> dict[str, Any]:
    """The ids that every event of this escrow carries."""
    terms = escrow.terms
    return {
        "escrow_id": escrow.escrow_id,
        "deal_id": terms.deal_id,
        "listing_id": terms.listing_id,
        "buyer_id": terms.buyer_id,
        "seller_id": terms.seller_id,
        "title": terms.title,
    }


def thread(tx: Transaction) -> dict[str, Any]:
    """What a timer keeps, so that its work belongs to the request and trace that set it."""
    return {"correlation_id": tx.cause.correlation_id, **carry()}


def cause_of(timer: Timer, actor: str = "timer") -> Cause:
    """Why the work of a timer is done."""
    return Cause(str(timer.payload.get("correlation_id", "")), actor=actor)


async def locked(tx: Transaction, escrow_id: str) -> Escrow:
    """The escrow, locked; raises NotAParty if there is none."""
    escrow = await escrows.lock(tx, escrow_id)
    if escrow is None:
        raise NotAParty(escrow_id)
    return escrow


async def post(tx: Transaction, escrow: Escrow, entry: Entry) -> None:
    """Book the entry in the ledger and in the escrow's amounts, in one transaction."""
    await books.write(tx, escrow.book(entry), escrow.version)


def expiry(window: str) -> str:
    """The kind of the timer that ends the window."""
    return f"{window}.expiry"


async def begin_window(tx: Transaction, escrow: Escrow, window: str) -> None:
    """End earlier windows; remind at 50 % and 90 % of this one, and act at its end."""
    deadline = escrow.deadline
    if deadline is None:
        raise ValueError(f"{escrow.escrow_id} has no deadline")
    await end_windows(tx, escrow)
    await tx.set_timer(expiry(window), escrow.escrow_id, deadline, thread(tx))
    length: timedelta = deadline - tx.now()
    for percent in REMINDERS:
        payload = {"window": window, "deadline": deadline.isoformat(), "percent": percent}
        due = tx.now() + length * percent / 100
        await tx.set_timer(f"reminder.{percent}", escrow.escrow_id, due, payload)


async def end_windows(tx: Transaction, escrow: Escrow) -> None:
    """Nothing is waited for any more."""
    kinds = [expiry(window) for window in WINDOWS] + [f"reminder.{at}" for at in REMINDERS]
    await tx.drop_timers(escrow.escrow_id, *kinds)


async def remind(tx: Transaction, timer: Timer) -> None:
    """Tell both that a window is near its end, if it is that window and its clock runs."""
    escrow = await locked(tx, timer.subject_id)
    deadline = escrow.deadline
    if deadline is None or escrow.clock_stands:
        return
    if deadline.isoformat() != timer.payload["deadline"]:
        return
    near = DeadlineNear(
        **parties(escrow),
        window=timer.payload["window"],
        percent=timer.payload["percent"],
        deadline=deadline,
    )
    tx.stage(near, sequence=escrow.version)
