"""What a person was told, and what they want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.lists import Cursors, CursorText, Limit
from chassis.http.preconditions import IfMatch, etag, seen_version
from chassis.storage.database import Transaction
from contracts_schema.commands.notifier import SetPreferences
from contracts_schema.ids import EntityId
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from notifier import handlers, store

router = APIRouter(tags=["notifications"])


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


class Read(BaseModel):
    """Which notifications were read."""

    model_config = ConfigDict(extra="forbid")

    notification_ids: Annotated[list[EntityId], Field(min_length=1, max_length=100)]


@router.get("/v1/notifications", response_model=Page)
async def list_notifications(
    request: Request,
    response: Response,
    caller: Caller,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Any:
    """The caller's notifications, newest first."""
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id}
    after = cursors.read(cursor, filters)
    rows = await store.notifications(request.app.state.database, caller.user_id, after, limit)
    following = None
    if len(rows) == limit:
        following = cursors.write((rows[-1]["created_at"], rows[-1]["notification_id"]), filters)
        response.headers["Link"] = (
            f'</v1/notifications?cursor={following}&limit={limit}>; rel="next"'
        )
    return {"data": rows, "next_cursor": following}


@router.post("/v1/notifications/read")
async def mark_read(
    request: Request, caller: Caller, body: Read, key: IdempotencyKey = None
) -> Response:
    """Mark notifications read; ids of other people's are passed over."""

    async def work(tx: Transaction) -> Answer:
        marked = await store.mark_read(tx, caller.user_id, list(body.notification_ids))
        return 200, {"marked": marked}

    return await once(request, caller, key, work)


@router.get("/v1/notification-preferences", response_model=Preferences)
async def read_preferences(request: Request, response: Response, caller: Caller) -> Any:
    """What the caller wants to be told."""
    wanted, version = await store.preferences(request.app.state.database, caller.user_id)
    response.headers["ETag"] = etag(version)
    return {"direct_messages": wanted, "version": version}


@router.put("/v1/notification-preferences", response_model=Preferences)
async def write_preferences(
    request: Request,
    caller: Caller,
    body: SetPreferences,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Choose what to be told; whoever names a version that is no longer so is refused."""
    seen = seen_version(if_match)

    async def work(tx: Transaction) -> Answer:
        return 200, await handlers.set_preferences(tx, caller, body, seen)

    return await once(request, caller, key, work)
