"""The job that puts a signed contract into force: three attempts, then an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contracts.domain.errors import WrongState

MOST_ATTEMPTS = 3


class JobState(StrEnum):
    """Where an execution job stands."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class JobAction(StrEnum):
    """What may happen to an execution job."""

    BEGIN = "begin"
    COMPLETE = "complete"
    WAIT = "wait"
    FAIL = "fail"
    RETRY = "retry"


TRANSITIONS: Mapping[tuple[JobState, JobAction], JobState] = MappingProxyType(
    {
        (JobState.PENDING, JobAction.BEGIN): JobState.PROCESSING,
        (JobState.PROCESSING, JobAction.BEGIN): JobState.PROCESSING,
        (JobState.PROCESSING, JobAction.COMPLETE): JobState.COMPLETED,
        (JobState.PROCESSING, JobAction.WAIT): JobState.PENDING,
        (JobState.PROCESSING, JobAction.FAIL): JobState.FAILED,
        (JobState.FAILED, JobAction.RETRY): JobState.PENDING,
    }
)
"""A job found PROCESSING was left by a process that died: it begins again."""


@dataclass(slots=True)
class Job:
    """One contract's execution; attempts counts those that failed."""

    contract_id: str
    state: JobState = JobState.PENDING
    attempts: int = 0
    last_error: str = ""

    def begin(self) -> None:
        """Take up the work."""
        self._move(JobAction.BEGIN)

    def complete(self) -> None:
        """The contract is in force."""
        self._move(JobAction.COMPLETE)

    def fail(self, error: str) -> bool:
        """Note a failed attempt; True means that it was the last one."""
        self.attempts += 1
        self.last_error = error[:500]
        exhausted = self.attempts >= MOST_ATTEMPTS
        self._move(JobAction.FAIL if exhausted else JobAction.WAIT)
        return exhausted

    def retry(self) -> None:
        """Begin anew, with all attempts."""
        self._move(JobAction.RETRY)
        self.attempts = 0

    def _move(self, action: JobAction) -> None:
        try:
            self.state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState(action, self.state) from None
