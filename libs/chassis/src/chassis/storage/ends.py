"""The statement that ends a transaction: what it tells, notes and times, and the row it adds.

One statement is one round trip, and where nothing was asked before it, the whole transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from chassis.storage.sql import Statement, compiled, parameters, statement, together

_TELL = statement("""
INSERT INTO outbox (message_id, exchange, topic, headers, body, created_at, due_at)
SELECT told.*, clock_timestamp() + CAST(:held AS interval) FROM unnest(
    CAST(:message_ids AS uuid[]), CAST(:exchanges AS text[]), CAST(:topics AS text[]),
    CAST(:headers AS text[]), CAST(:bodies AS bytea[]), CAST(:created_at AS timestamptz[])) told
""")
_NOTE = statement("""
INSERT INTO audit_entries (entry_id, at, actor, action, subject_id, reason, request_id, details)
SELECT * FROM unnest(
    CAST(:entry_ids AS uuid[]), CAST(:at AS timestamptz[]), CAST(:actors AS text[]),
    CAST(:actions AS text[]), CAST(:subjects AS text[]), CAST(:reasons AS text[]),
    CAST(:request_ids AS text[]), CAST(:details AS text[]))
""")
_DROP = statement("""
DELETE FROM timers WHERE timer_id IN (
    SELECT timer_id FROM timers JOIN unnest(
        CAST(:subjects AS text[]), CAST(:kinds AS text[])) AS dropped (of, kind_of)
        ON subject_id = dropped.of AND dropped.kind_of IN ('', kind)
    WHERE timer_id <> ALL(CAST(:kept AS text[]))
    FOR UPDATE OF timers SKIP LOCKED)
""")
_TIME = statement("""
INSERT INTO timers (timer_id, kind, subject_id, due_at, payload, correlation_id, traceparent)
SELECT * FROM unnest(
    CAST(:timer_ids AS text[]), CAST(:kinds AS text[]), CAST(:timed AS text[]),
    CAST(:due_at AS timestamptz[]), CAST(:payloads AS jsonb[]), CAST(:correlation_ids AS text[]),
    CAST(:traceparents AS text[]))
ON CONFLICT (timer_id) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
    correlation_id = excluded.correlation_id, traceparent = excluded.traceparent,
    attempts = 0, leased_until = NULL
""")
Parts = tuple[bool, ...]
"""Whether there is something to tell, to note, to drop and to time."""


def _ends(first: Sequence[Statement], module: str) -> Mapping[Parts, Statement]:
    """What a commit writes last, whatever there is to write: an empty insert costs time too."""
    ends: dict[Parts, Statement] = {}
    for parts in product((False, True), repeat=4):
        pairs = zip((_TELL, _NOTE, _DROP, _TIME), parts, strict=True)
        if found := [*first, *(each for each, is_wanted in pairs if is_wanted)]:
            ends[parts] = together(found, module)
    return ends


ENDS = _ends((), __name__)


@dataclass(frozen=True, slots=True)
class Insertion:
    """A new row of one table: by itself, and in one statement with all that is staged of it."""

    row: Statement
    """Adds nothing where the row is there already."""
    ends: Mapping[Parts, Statement]
    """Fails where the row is there already; takes what ``row`` takes, and then what is staged."""

    def values_of(self, record: object, **more: Any) -> dict[str, Any]:
        """What to add: what is named, and the record's attributes for the other columns."""
        return self.row.values_of(record, **more)


def insertion(table: Table) -> Insertion:
    """How a new row of this table is written, with a parameter for each column."""
    module = sys._getframe(1).f_globals.get("__name__", "")
    added = insert(table).values(parameters(table))
    alone = compiled(added, module)
    return Insertion(compiled(added.on_conflict_do_nothing(), module), _ends((alone,), module))
