"""What a person wants to be told."""

from __future__ import annotations

from typing import Any

from chassis.http.auth import Caller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.preconditions import IfMatch, etag, seen_version
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.commands.notifier import SetPreferences
from fastapi import Request, Response

from notifier.api.schemas import Preferences
from notifier.handlers import preference
from notifier.store import preference as store

router = Router(tags=["notifications"])
PATH = "/v1/notification-preferences"


@router.get(PATH, response_model=Preferences, responses=documented(401))
async def read_preferences(request: Request, response: Response, caller: Caller) -> Any:
    """What the caller wants to be told."""
    wanted, version = await store.read(request.app.state.database, caller.user_id)
    response.headers["ETag"] = etag(version)
    return {"direct_messages": wanted, "version": version}


@router.put(PATH, response_model=Preferences, responses=documented(400, 401, 403, 412, 422))
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
        return 200, await preference.set_preferences(tx, caller, body, seen=seen)

    return await once(request, caller, key, work)
