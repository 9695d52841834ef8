"""The execution, which puts a signed contract into force: three attempts, then an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contracts.domain.errors import WrongState

MOST_ATTEMPTS = 3


class ExecutionState(StrEnum):
    """Where an execution stands."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ExecutionAction(StrEnum):
    """What may happen to an execution."""

    BEGIN = "begin"
    COMPLETE = "complete"
    WAIT = "wait"
    FAIL = "fail"
    RETRY = "retry"


TRANSITIONS: Mapping[tuple[ExecutionState, ExecutionAction], ExecutionState] = MappingProxyType(
    {
        (ExecutionState.PENDING, ExecutionAction.BEGIN): ExecutionState.PROCESSING,
        (ExecutionState.PROCESSING, ExecutionAction.BEGIN): ExecutionState.PROCESSING,
        (ExecutionState.PROCESSING, ExecutionAction.COMPLETE): ExecutionState.COMPLETED,
        (ExecutionState.PROCESSING, ExecutionAction.WAIT): ExecutionState.PENDING,
        (ExecutionState.PROCESSING, ExecutionAction.FAIL): ExecutionState.FAILED,
        (ExecutionState.FAILED, ExecutionAction.RETRY): ExecutionState.PENDING,
    }
)
"""An execution found PROCESSING was left by a process that died: it begins again."""


@dataclass(slots=True)
class Execution:
    """One contract's execution; attempts counts those that failed."""

    contract_id: str
    state: ExecutionState = ExecutionState.PENDING
    attempts: int = 0
    last_error: str = ""

    def begin(self) -> None:
        """Take up the work."""
        self._move(ExecutionAction.BEGIN)

    def complete(self) -> None:
        """The contract is in force."""
        self._move(ExecutionAction.COMPLETE)

    def fail(self, error: str) -> bool:
        """Note a failed attempt; True means that it was the last one."""
        self.attempts += 1
        self.last_error = error[:500]
        exhausted = self.attempts >= MOST_ATTEMPTS
        self._move(ExecutionAction.FAIL if exhausted else ExecutionAction.WAIT)
        return exhausted

    def retry(self) -> None:
        """Begin anew, with all attempts."""
        self._move(ExecutionAction.RETRY)
        self.attempts = 0

    def _move(self, action: ExecutionAction) -> None:
        try:
            self.state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState(action, self.state) from None
