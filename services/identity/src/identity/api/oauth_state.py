"""What both OAuth callbacks share: the query they get, and the round trip that ends with it."""

from __future__ import annotations

from typing import Annotated

from chassis.storage.database import Transaction
from fastapi import Query, Request

from identity import handlers
from identity.api import cookies, dependencies
from identity.domain.account import Provider
from identity.domain.oauth_state import OAuthState

OAuthText = Annotated[str, Query(max_length=2000)]


async def take(request: Request, state: str, provider: Provider) -> OAuthState:
    """The round trip that this browser began at this provider; it is over now."""
    bound = cookies.bound(request, state)

    async def work(tx: Transaction) -> OAuthState:
        return await handlers.oauth_state.take(tx, state, bound, provider)

    return await dependencies.database(request).run(work, dependencies.cause(request, "browser"))
