"""The end of an OAuth round trip: it is taken once, by the browser that began it."""

from __future__ import annotations

from chassis.storage.database import Transaction

from identity import store
from identity.domain.account import Provider
from identity.domain.errors import StateRefused
from identity.domain.oauth_state import OAuthState
from identity.domain.secret import digest


async def take(tx: Transaction, state: str, browser: str, provider: Provider) -> OAuthState:
    """The round trip this browser began; a state is taken once, whatever comes after."""
    taken = await store.oauth_state.take(tx, digest(state), digest(browser), provider)
    if taken is None:
        raise StateRefused
    return taken
