"""The same key twice is one effect: a row in the transaction of the effect (IETF draft-07)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Annotated, Any, TypeVar

from contracts_schema.terms import canonical_json
from fastapi import Header, Request
from fastapi.responses import Response
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.cause import Cause
from chassis.http import answers
from chassis.http.preconditions import etag
from chassis.principals import Principal
from chassis.problems import Problem
from chassis.storage.database import Database, Row, RowLock, Transaction
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import idempotency_keys

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=8, max_length=255, pattern=r"^[\x21-\x7e]+$"),
]

Answer = tuple[int, Any]
"""An HTTP status and the body to send with it."""
P = TypeVar("P")

_KEY = (
    idempotency_keys.c.principal == bindparam("principal"),
    idempotency_keys.c.key == bindparam("key"),
)
_STORED = statement(select(idempotency_keys).where(*_KEY))
_CLAIM = statement(
    insert(idempotency_keys)
    .values(parameters(idempotency_keys, "status", "headers", "body"))
    .on_conflict_do_nothing()
)
_ANSWERED = statement(
    update(idempotency_keys).values(status=bindparam("status"), body=bindparam("body")).where(*_KEY)
)


def cause_of(request: Request, principal: Principal, key: str | None = None) -> Cause:
    """What follows from this request was begun by it, and by this person."""
    request_id = str(request.scope.get("request_id", ""))
    return Cause(request_id, actor=principal.user_id, idempotency_key=key or "")


def required(key: str | None) -> str:
    """The key, which a request that moves money must carry."""
    if key is None:
        raise Problem(400, "idempotency_key_missing")
    return key


async def once(
    request: Request,
    principal: Principal,
    key: str | None,
    work: Callable[[Transaction], Awaitable[Answer]],
    lock: RowLock | None = None,
) -> Response:
    """Do the work in one transaction and answer; the same key and request gets the same answer.

    Raises 422 if the key was used for another request. A refused request leaves no trace, so its
    key may be used again. ``lock`` is the row that the work is about, locked along with BEGIN.
    """
    database: Database = request.app.state.database
    cause = cause_of(request, principal, key)
    fingerprint = "" if key is None else await _fingerprint(request, principal)

    async def answered(transaction: Transaction) -> Response:
        if key is not None:
            earlier = await _claim(transaction, principal.user_id, key, fingerprint)
            if earlier is not None:
                return earlier
        status, body = await work(transaction)
        written = answers.written(body)
        if key is not None:
            stored = {"status": status, "body": written}
            await transaction.run(_ANSWERED, principal=principal.user_id, key=key, **stored)
        return _response(status, written, _version(body), {})

    return await database.run(answered, cause, lock=lock)


async def once_prepared(
    request: Request,
    principal: Principal,
    key: str | None,
    prepare: Callable[[], AbstractAsyncContextManager[P]],
    work: Callable[[Transaction, P], Awaitable[Answer]],
) -> Response:
    """The same for work that must first ask the outside world, where no transaction is open.

    What ``prepare`` opens stays open until the transaction has ended. It is not asked again for
    what was answered before; when it refuses because the same request was fulfilled meanwhile,
    that answer counts and not the refusal.
    """
    earlier = await _answered(request, principal, key)
    if earlier is not None:
        return earlier
    async with AsyncExitStack() as stack:
        try:
            prepared = await stack.enter_async_context(prepare())
        except Exception:
            if (earlier := await _answered(request, principal, key)) is not None:
                return earlier
            raise
        return await once(request, principal, key, lambda transaction: work(transaction, prepared))


async def _answered(request: Request, principal: Principal, key: str | None) -> Response | None:
    if key is None:
        return None
    database: Database = request.app.state.database
    row = await database.row(_STORED, principal=principal.user_id, key=key)
    return None if row is None else _again(row, await _fingerprint(request, principal))


async def _claim(
    transaction: Transaction, principal: str, key: str, fingerprint: str
) -> Response | None:
    asked = {"principal": principal, "key": key}
    claim = {"fingerprint": fingerprint, "created_at": transaction.now()}
    if await transaction.run(_CLAIM, **asked, **claim):
        return None
    return _again(await transaction.row(_STORED, **asked), fingerprint)


def _again(row: Row | None, fingerprint: str) -> Response:
    if row is None or row["fingerprint"] != fingerprint:
        raise Problem(422, "idempotency_key_reused")
    body = json.loads(row["body"])
    return _response(row["status"], row["body"], _version(body), {"Idempotency-Replayed": "true"})


async def _fingerprint(request: Request, principal: Principal) -> str:
    url = request.url
    head = f"{request.method} {url.path}?{url.query} {principal.user_id} ".encode()
    return hashlib.sha256(head + _meaning(await request.body())).hexdigest()


def _meaning(body: bytes) -> bytes:
    """The body in one spelling, so that a retry written otherwise is still the same request."""
    try:
        return canonical_json(json.loads(body, parse_float=lambda text: f"float {text}"))
    except (ValueError, TypeError, RecursionError):
        return body


def _version(body: Any) -> int | None:
    version = body.get("version") if isinstance(body, dict) else getattr(body, "version", None)
    return version if isinstance(version, int) else None


def _response(
    status: int, body: bytes, version: int | None, headers: Mapping[str, str]
) -> Response:
    sent = dict(headers) if version is None else {**headers, "ETag": etag(version)}
    return Response(body, status, media_type="application/json", headers=sent)
