"""How a route acts on an escrow: once per key, on the version that the caller saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chassis.http.idempotency import Answer, once, required
from chassis.http.preconditions import require_version, seen_version
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import Request, Response

from escrow.api.problems import documented
from escrow.api.shapes import Guards
from escrow.api.showing import summary
from escrow.domain.escrow import Escrow
from escrow.handlers.telling import locked

ACTING = documented(400, 401, 403, 404, 409, 412, 422, 503)

Act = Callable[[Transaction], Awaitable[Escrow]]


async def act_once(
    request: Request, caller: Principal, escrow_id: str, guards: Guards, wish: tuple[int, Act]
) -> Response:
    """Act once per key, on the version the caller saw if they name one."""
    key, seen = required(guards.key), seen_version(guards.if_match)
    status, act = wish

    async def work(tx: Transaction) -> Answer:
        if seen is not None:
            escrow = await locked(tx, escrow_id)
            if caller.role is not PlatformRole.ADMIN:
                escrow.side_of(caller.user_id)
            require_version(seen, escrow.version)
        return status, summary(await act(tx))

    return await once(request, caller, key, work)
