"""What is due: drafting, execution, the executed copy, and the end of the signing window."""

from __future__ import annotations

from functools import partial

from chassis import proposals
from chassis.storage.timers import Timers

from contracts.handlers import contract, draft, executed_copy, execution
from contracts.handlers.contract import VOID
from contracts.handlers.draft import DRAFT, Drafting
from contracts.handlers.executed_copy import EXECUTED_COPY
from contracts.handlers.execution import EXECUTE


def register(timers: Timers, drafting: Drafting) -> Timers:
    """Bind every timer of contracts to its handler."""
    timers.job(DRAFT)(partial(draft.finish, drafting=drafting))
    timers.job(EXECUTE)(partial(execution.execute, archive=drafting.archive))
    timers.job(EXECUTED_COPY)(partial(executed_copy.make, drafting=drafting))
    timers.on(VOID)(contract.void_unsigned)
    proposals.register(timers)
    return timers
