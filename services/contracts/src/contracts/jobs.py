"""What is due: drafting, execution, the executed copy, the signing window's end, heads of logs."""

from __future__ import annotations

from functools import partial

from chassis import proposals
from chassis.storage.timers import Timers

from contracts.handlers import audit_head, contract, draft, executed_copy, execution
from contracts.handlers.contract import VOID
from contracts.handlers.draft import DRAFT, Drafting
from contracts.handlers.executed_copy import EXECUTED_COPY
from contracts.handlers.execution import EXECUTE


def register(timers: Timers, drafting: Drafting) -> Timers:
    """Bind every timer of contracts to its handler."""
    timers.job(DRAFT)(partial(draft.finish, drafting=drafting))
    timers.job(EXECUTE)(partial(execution.execute, archive=drafting.archive))
    timers.job(EXECUTED_COPY)(partial(executed_copy.make, drafting=drafting))
    timers.job(audit_head.LOCK)(partial(audit_head.lock, archive=drafting.archive))
    timers.job(audit_head.REVIEW)(partial(audit_head.review, archive=drafting.archive))
    timers.on(VOID)(contract.void_unsigned)
    proposals.register(timers)
    return timers
