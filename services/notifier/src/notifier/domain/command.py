"""What people are told about their own commands."""

from __future__ import annotations

from contracts_schema.events.rejected import CommandRejected

from notifier.domain.notice import Notice, actor


def rejected(event: CommandRejected) -> Notice:
    """It was refused: the cause, and the next step."""
    key = "rejected.stale" if event.problem.status in (409, 412) else "rejected.refused"
    if event.problem.status >= 500:
        key = "rejected.unavailable"
    return actor(key, "", refusal=event.problem)
