"""What is due: drafting, execution, and the end of the signing window."""

from __future__ import annotations

from chassis.cause import Cause
from chassis.ops.telemetry import carried, tracer
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer, Timers

from contracts.handlers import drafting, executing
from contracts.handlers.drafting import DRAFT, VOID, Drafting
from contracts.handlers.signing import EXECUTE


def register(timers: Timers, work: Drafting) -> Timers:
    """Bind every timer of contracts."""

    @timers.job(DRAFT)
    async def draft(database: Database, timer: Timer) -> None:
        with tracer.start_as_current_span(DRAFT, context=carried(timer.payload)):
            await drafting.finish(database, timer.subject_id, work, _cause(timer))

    @timers.job(EXECUTE)
    async def execute(database: Database, timer: Timer) -> None:
        with tracer.start_as_current_span(EXECUTE, context=carried(timer.payload)):
            await executing.execute(database, timer.subject_id, work.archive, _cause(timer))

    @timers.on(VOID)
    async def void(tx: Transaction, timer: Timer) -> None:
        await drafting.void(tx, timer.subject_id)

    return timers


def _cause(timer: Timer) -> Cause:
    return Cause(str(timer.payload.get("correlation_id", "")), actor="timer")
