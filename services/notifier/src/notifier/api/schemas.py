"""What the routes take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http.bodies import at_most
from contracts_schema.ids import EntityId
from pydantic import BaseModel, ConfigDict, Field


class Notification(BaseModel):
    """One thing a person was told."""

    notification_id: str
    kind: str
    title: str
    body: str
    created_at: datetime
    read_at: datetime | None


class Page(BaseModel):
    """A page of notifications, newest first."""

    data: list[Notification]
    next_cursor: str | None


class Preferences(BaseModel):
    """What a person wants to be told by direct message."""

    direct_messages: bool
    version: int


class Marked(BaseModel):
    """How many of them were not read before."""

    marked: int


class Read(BaseModel):
    """Which notifications were read."""

    model_config = ConfigDict(extra="forbid")

    notification_ids: Annotated[list[EntityId], Field(min_length=1, max_length=100), at_most(100)]
