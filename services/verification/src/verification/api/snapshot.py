"""What assets looked like, over REST."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.lists import Cursors, Page
from chassis.http.routes import Router
from chassis.problems import Problem, invalid
from contracts_schema.goods import asset_id_of
from fastapi import Query, Request, Response

from verification import store
from verification.api.schemas import AskedSnapshots, SnapshotOut, SnapshotPage
from verification.domain.snapshot import Snapshot

router = Router(tags=["verification"])


@router.get(
    "/v1/assets/{asset_id}/snapshots",
    response_model=SnapshotPage,
    responses=documented(401, 403, 422),
)
async def list_snapshots(
    request: Request,
    response: Response,
    asset_id: str,
    caller: Caller,
    asked: Annotated[AskedSnapshots, Query()],
) -> Any:
    """What an asset looked like at each check, newest first; for members who are not suspended."""
    caller.require()
    try:
        asset_id = asset_id_of(asked.kind, asset_id)
    except ValueError as error:
        raise _no_asset_id(error) from None
    cursors: Cursors = request.app.state.cursors
    page: Page[Snapshot] = Page(
        {"kind": asked.kind, "asset": asset_id}, lambda each: (each.taken_at, each.snapshot_id)
    )
    after = cursors.read(asked.cursor, page.filters)
    database = request.app.state.database
    found = await store.snapshot.of_asset(database, asked.kind, asset_id, after, asked.rows)
    shown, following = cursors.cut(response, request, asked, found, page)
    data = [SnapshotOut.model_validate(each, from_attributes=True) for each in shown]
    return SnapshotPage(data=data, next_cursor=following)


def _no_asset_id(error: ValueError) -> Problem:
    return invalid([{"loc": ("path", "asset_id"), "type": "value_error", "msg": str(error)}])
