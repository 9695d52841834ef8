"""Forgets what was published, applied and answered long ago: a slice at a time.

Each slice is a short transaction of its own, so that no amount of rows is too many for one
statement's time, and what is forgotten stays forgotten whatever comes next.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.util import ClauseAdapter

from chassis.storage.database import Database
from chassis.storage.sql import Statement, compiled
from chassis.storage.tables import idempotency_keys, inbox, outbox

KEEP = timedelta(days=14)
SLICE = 5_000
AT_MOST_S = 300.0
"""What is left after this is forgotten the next time."""


def first_before(moment: Column[Any], *conditions: ColumnElement[bool]) -> Statement:
    """Delete the first rows whose moment is before ``before``, and no more than one slice of them.

    Rows that another process is just forgetting are left to it. Each is found by its place in the
    table, so that a slice costs the same however large the table is.
    """
    old, module = moment.table.alias("old"), sys._getframe(1).f_globals.get("__name__", "")
    first = (
        select(literal_column("old.ctid"))
        .select_from(old)
        .where(*(_of(old, each) for each in (moment < bindparam("before"), *conditions)))
        .order_by(old.c[moment.name])
        .limit(SLICE)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    where = literal_column("ctid") == func.any(func.array(first))
    return compiled(delete(moment.table).where(where), module)


def _of(alias: FromClause, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition, on the table under another name."""
    return ClauseAdapter(alias).traverse(condition)


_PRUNE = (
    first_before(outbox.c.created_at, outbox.c.published_at < bindparam("before")),
    first_before(inbox.c.received_at),
    first_before(idempotency_keys.c.created_at),
)


async def prune(
    database: Database,
    which: Sequence[Statement] = _PRUNE,
    *,
    keep: timedelta = KEEP,
    at_most_s: float = AT_MOST_S,
) -> int:
    """Forget what is older than ``keep`` until nothing is left or the time is over; how many rows.

    ``which`` are statements that ``first_before`` made. Each has its turn, so that none waits for
    all of another's rows. Unpublished messages are never forgotten.
    """
    before, end = database.clock.now() - keep, time.monotonic() + at_most_s
    left, forgotten = list(which), 0
    while left:
        for each in list(left):
            count = await database.execute(each, before=before)
            forgotten += count
            if count < SLICE:
                left.remove(each)
        if time.monotonic() >= end:
            break
    return forgotten
