"""OAuth round trips: hashes of what was handed out, taken at most once."""

from __future__ import annotations

from dataclasses import fields

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, insert

from identity.domain.account import Provider
from identity.domain.oauth_state import OAuthState, Purpose
from identity.store.tables import oauth_states

_ADD = statement(insert(oauth_states).values(parameters(oauth_states)))
_TAKE = statement(
    delete(oauth_states)
    .where(
        oauth_states.c.state_hash == bindparam("state_hash"),
        oauth_states.c.browser_hash == bindparam("browser_hash"),
        oauth_states.c.provider == bindparam("provider"),
    )
    .returning(*(oauth_states.c[each.name] for each in fields(OAuthState)))
)
_FORGET = statement(delete(oauth_states).where(oauth_states.c.expires_at <= bindparam("now")))


async def add(tx: Transaction, state_hash: str, browser_hash: str, state: OAuthState) -> None:
    """Remember an OAuth round trip."""
    await tx.run(_ADD, **_ADD.values_of(state, state_hash=state_hash, browser_hash=browser_hash))


async def take(
    tx: Transaction, state_hash: str, browser_hash: str, provider: Provider
) -> OAuthState | None:
    """The round trip that this browser began at this provider; it is gone afterwards."""
    asked = {"state_hash": state_hash, "browser_hash": browser_hash, "provider": provider}
    row = await tx.row(_TAKE, **asked)
    if row is None or row["expires_at"] <= tx.now():
        return None
    read = {"purpose": Purpose(row["purpose"]), "provider": Provider(row["provider"])}
    return OAuthState(**{**row, **read})


async def forget(tx: Transaction) -> int:
    """Forget round trips that took too long; how many."""
    return await tx.run(_FORGET, now=tx.now())
