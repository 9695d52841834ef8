"""What is done when it is due: questions that wait for an answer, and looks at watched assets."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from chassis.storage.database import Database
from chassis.storage.timers import Job, Timer, Timers

from verification.domain.errors import ProviderUnavailable
from verification.handlers import verification, watch
from verification.handlers.verification import Asking

log = structlog.get_logger(__name__)


def timers(asking: Asking) -> Timers:
    """The jobs, which put their questions to these providers."""
    due = Timers()
    due.job(verification.ANSWER)(_patient(partial(verification.answer_due, asking=asking)))
    due.job(watch.LOOK)(_patient(partial(watch.look, providers=asking.providers)))
    return due


def _patient(job: Job) -> Job:
    """The job; where a provider names a time to wait, not before that again."""

    async def run(database: Database, timer: Timer) -> None:
        try:
            await job(database, timer)
        except ProviderUnavailable as error:
            if not error.retry_after_s:
                raise
            wait = timedelta(seconds=error.retry_after_s)
            log.warning("provider.asks_to_wait", provider=error.provider, kind=timer.kind,
                        subject=timer.subject_id, wait=wait)  # fmt: skip
            await database.run(
                lambda tx: tx.set_timer(timer.kind, timer.subject_id, tx.now() + wait), timer.cause
            )

    return run
