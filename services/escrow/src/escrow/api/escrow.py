"""A person's escrows, to read."""

from __future__ import annotations

from typing import Annotated

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.lists import Cursors, Page
from chassis.http.preconditions import etag
from chassis.http.routes import Router
from fastapi import Query, Request, Response

from escrow.api.schemas.escrow import (
    EscrowInPath,
    EscrowOut,
    EscrowPage,
    EscrowsAsked,
    EscrowSummary,
    PreviewOut,
)
from escrow.domain.escrow import Escrow
from escrow.handlers import escrow as handlers
from escrow.store import escrow_list

router = Router(tags=["escrows"])
READING = documented(401, 403, 404, 422, 503)


@router.get("/v1/escrows", response_model=EscrowPage, responses=documented(401, 403, 422, 503))
async def list_escrows(
    request: Request, response: Response, caller: Caller, asked: Annotated[EscrowsAsked, Query()]
) -> EscrowPage:
    """List my escrows, newest first."""
    caller.require()
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id, "deal_id": asked.deal_id}
    page: Page[Escrow] = Page(filters, lambda one: (one.created_at, one.escrow_id))
    after = cursors.read(asked.cursor, filters)
    found = await escrow_list.of_person(
        request.app.state.database, caller.user_id, asked.deal_id, after, asked.rows
    )
    shown, following = cursors.cut(response, request, asked, found, page)
    return EscrowPage(
        data=[EscrowSummary.of(one, caller.user_id) for one in shown], next_cursor=following
    )


@router.get("/v1/escrows/{escrow_id}", response_model=EscrowOut, responses=READING)
async def read_escrow(
    request: Request, response: Response, caller: Caller, escrow_id: EscrowInPath
) -> EscrowOut:
    """Read an escrow of mine: money, delivery, whose turn it is, until when, and what then."""
    whole = await handlers.whole_for(request.app.state.database, caller, escrow_id)
    response.headers["ETag"] = etag(whole.escrow.version)
    return EscrowOut.of_whole(whole, caller.user_id)


@router.get("/v1/escrows/{escrow_id}/preview", response_model=PreviewOut, responses=READING)
async def read_preview(
    request: Request, response: Response, caller: Caller, escrow_id: EscrowInPath
) -> PreviewOut:
    """See what each side gets if it is released, refunded or cancelled now."""
    found = await handlers.preview_for(request.app.state.database, caller, escrow_id)
    response.headers["ETag"] = etag(found.escrow.version)
    return PreviewOut.of(found)
