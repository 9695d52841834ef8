"""API keys over REST."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.description import LOGIN_ONLY
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Request
from fastapi.responses import Response

from identity import handlers, store
from identity.api import dependencies
from identity.api.schemas import KeyId, KeyIn, KeysOut, NewKeyOut, key_out
from identity.domain.api_key import ApiKey

router = Router(tags=["api keys"])


@router.get("/v1/api-keys", responses=documented(401), summary="One's own API keys")
async def list_keys(request: Request, caller: LiveCaller) -> KeysOut:
    """All live keys of the caller, without their secrets."""
    found = await store.api_key.live(dependencies.database(request), caller.user_id)
    return KeysOut(data=[key_out(key) for key in found])


@router.post(
    "/v1/api-keys",
    status_code=201,
    openapi_extra=LOGIN_ONLY,
    responses=documented(401, 403, 409, 422),
    summary="Make an API key",
)
async def create_key(
    request: Request, response: Response, body: KeyIn, caller: LiveCaller
) -> NewKeyOut:
    """Make a key and show its secret this once; so a repeated request makes another key."""

    async def work(tx: Transaction) -> tuple[ApiKey, str]:
        return await handlers.api_key.create(tx, caller, body.name, body.scopes, body.expires_at)

    key, secret = await dependencies.database(request).run(work, cause_of(request, caller))
    response.headers["Cache-Control"] = "no-store"
    return NewKeyOut(**key_out(key).model_dump(), key=secret)


@router.delete(
    "/v1/api-keys/{key_id}",
    status_code=204,
    openapi_extra=LOGIN_ONLY,
    responses=documented(401, 403, 404, 422),
    summary="Revoke an API key",
)
async def revoke_key(request: Request, key_id: KeyId, caller: LiveCaller) -> Response:
    """End the key; money routes refuse it at once, others within 30 seconds."""

    async def work(tx: Transaction) -> None:
        await handlers.api_key.revoke(tx, caller, key_id)

    await dependencies.database(request).run(work, cause_of(request, caller))
    return Response(status_code=204)
