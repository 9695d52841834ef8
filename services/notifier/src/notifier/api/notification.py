"""What a person was told."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http import lists
from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.lists import Asked, Cursors, Position
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Query, Request, Response

from notifier.api.schemas import Marked, Page, Read
from notifier.domain.notification import Notification
from notifier.store import notification as store

router = Router(tags=["notifications"])


@router.get("/v1/notifications", response_model=Page, responses=documented(401, 422))
async def list_notifications(
    request: Request, response: Response, caller: Caller, asked: Annotated[Asked, Query()]
) -> Any:
    """The caller's notifications, newest first."""
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id}
    after = cursors.read(asked.cursor, filters)
    found = await store.newest(request.app.state.database, caller.user_id, after, asked.rows)
    page = lists.Page(filters, _position)
    shown, following = cursors.cut(response, request, asked, found, page)
    return {"data": shown, "next_cursor": following}


@router.post("/v1/notifications/read", response_model=Marked, responses=documented(401, 422))
async def mark_read(
    request: Request, caller: Caller, body: Read, key: IdempotencyKey = None
) -> Response:
    """Mark notifications read; ids of other people's are passed over."""

    async def work(tx: Transaction) -> Answer:
        marked = await store.mark_read(tx, caller.user_id, list(body.notification_ids))
        return 200, Marked(marked=marked)

    return await once(request, caller, key, work)


def _position(notification: Notification) -> Position:
    return notification.created_at, notification.notification_id
