"""What people were told, for the web and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from sqlalchemy import Text, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY

from notifier.domain.notification import Notification
from notifier.store.tables import notifications

BEFORE_ALL = datetime.max.replace(tzinfo=UTC), ""
"""Where the first page begins: newest first."""

_ADD = statement("""
INSERT INTO notifications (notification_id, user_id, kind, title, body, created_at)
SELECT * FROM unnest(
    CAST(:notification_ids AS text[]), CAST(:user_ids AS text[]), CAST(:kinds AS text[]),
    CAST(:titles AS text[]), CAST(:bodies AS text[]), CAST(:created_at AS timestamptz[]))
ON CONFLICT DO NOTHING
""")
_LIST = statement(
    select(notifications)
    .where(
        notifications.c.user_id == bindparam("user_id"),
        tuple_(notifications.c.created_at, notifications.c.notification_id)
        < tuple_(bindparam("at"), bindparam("last_id")),
    )
    .order_by(notifications.c.created_at.desc(), notifications.c.notification_id.desc())
    .limit(bindparam("most"))
)
_MARK_READ = statement(
    update(notifications)
    .values(read_at=bindparam("read_at"))
    .where(
        notifications.c.user_id == bindparam("user_id"),
        notifications.c.read_at.is_(None),
        notifications.c.notification_id
        == func.any(bindparam("notification_ids", type_=ARRAY(Text))),
    )
)


async def add(tx: Transaction, told: Sequence[Notification]) -> None:
    """Keep what people were told; what is kept already stays as it is."""
    if told:
        await tx.run(
            _ADD,
            notification_ids=[each.notification_id for each in told],
            user_ids=[each.user_id for each in told],
            kinds=[each.kind for each in told],
            titles=[each.title for each in told],
            bodies=[each.body for each in told],
            created_at=[each.created_at for each in told],
        )


async def newest(
    database: Database, user_id: str, after: Position | None, most: int
) -> list[Notification]:
    """What a person was told, newest first, from after this position on."""
    at, last_id = after or BEFORE_ALL
    rows = await database.rows(_LIST, user_id=user_id, at=at, last_id=last_id, most=most)
    return [Notification(**row) for row in rows]


async def mark_read(tx: Transaction, user_id: str, notification_ids: list[str]) -> int:
    """Mark these of the person's notifications read; how many were unread."""
    return await tx.run(
        _MARK_READ, user_id=user_id, notification_ids=notification_ids, read_at=tx.now()
    )
