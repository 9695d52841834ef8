"""What people are told about their own commands."""

from __future__ import annotations

from contracts_schema.events.rejected import CommandRejected

from notifier.domain.notice import Notice, actor


def rejected(event: CommandRejected) -> Notice:
    """It was refused: the cause, the next step, and how the thing stands that it was about.

    Words that are common to all services tell of the person, not of the thing.
    """
    key = "rejected.stale" if event.problem.status in (409, 412) else "rejected.refused"
    if event.problem.status >= 500:
        key = "rejected.unavailable"
    of_the_thing = not event.problem.wording.startswith("common.")
    now = event.about if of_the_thing and event.problem.status < 500 else ""
    return actor(key, "", refusal=event.problem, now=now)
