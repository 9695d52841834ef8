"""What notifier tells."""

from typing import ClassVar

from contracts_schema.ids import EntityId, UserId
from contracts_schema.message import Event


class NotificationSent(Event):
    """A person was told."""

    topic: ClassVar[str] = "notifier.notification_sent.v1"
    subject_field: ClassVar[str] = "notification_id"

    notification_id: EntityId
    user_id: UserId
    kind: str
    channel: str
