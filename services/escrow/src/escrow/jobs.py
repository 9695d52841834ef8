"""What is due: windows and reminders in one transaction, calls to a provider outside of any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from chassis.cause import Cause
from chassis.ops.telemetry import carried, tracer
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer, Timers
from contracts_schema.terms import Rail

from escrow.domain.errors import NothingToPay
from escrow.handlers import deciding, funding, hearing, ordering, paying, requesting, telling
from escrow.ledger import watch
from escrow.ports import Rails

Work = Callable[[Database, Rails, str, Cause], Awaitable[None]]


def register(timers: Timers, rails: Rails, check_every: timedelta) -> Timers:
    """Bind every timer of escrow."""
    timers.on(telling.expiry(telling.DELIVERY))(deciding.on_delivery_expiry)
    timers.on(telling.expiry(telling.INSPECTION))(deciding.on_inspection_expiry)
    for percent in telling.REMINDERS:
        timers.on(f"reminder.{percent}")(telling.remind)

    _job(timers, rails, funding.REQUEST, _request)
    _job(timers, rails, funding.LOOK, funding.look)
    _job(timers, rails, funding.CLOSE, funding.close)
    _job(timers, rails, telling.expiry(telling.FUNDING), funding.expire)
    _job(timers, rails, ordering.SEND, paying.send)

    @timers.job(hearing.APPLY)
    async def apply(database: Database, timer: Timer) -> None:
        with tracer.start_as_current_span(hearing.APPLY, context=carried(timer.payload)):
            rail = Rail(timer.payload["rail"])
            cause = telling.cause_of(timer, rail.lower())
            await hearing.apply(database, rails, rail, timer.subject_id, cause)

    @timers.job(watch.CHECK)
    async def check(database: Database, timer: Timer) -> None:
        await watch.watch(database)

        async def again(tx: Transaction) -> None:
            await tx.set_timer(watch.CHECK, timer.subject_id, tx.now() + check_every)

        await database.run(again)

    return timers


def _job(timers: Timers, rails: Rails, kind: str, work: Work) -> None:
    @timers.job(kind)
    async def run(database: Database, timer: Timer) -> None:
        with tracer.start_as_current_span(kind, context=carried(timer.payload)):
            await work(database, rails, timer.subject_id, telling.cause_of(timer))


async def _request(database: Database, rails: Rails, escrow_id: str, cause: Cause) -> None:
    try:
        await requesting.page(database, rails, escrow_id, cause)
    except NothingToPay:
        return
