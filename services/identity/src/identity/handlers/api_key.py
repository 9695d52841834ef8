"""API keys: made and ended by their owner, with a login."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from contracts_schema.ids import new_id

from identity import store
from identity.domain.api_key import MOST_LIVE, ApiKey, Scope, granted, key_end
from identity.domain.errors import KeyNeedsSession, TooManyKeys
from identity.domain.secret import API_KEY_PREFIX, digest, prefixed


async def create(
    tx: Transaction,
    caller: Principal,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """Make a key with no more rights than its owner has; the secret is given out once, here."""
    require_session(caller)
    user = await store.user.lock(tx, caller.user_id)
    if user is None:
        raise not_found("own_account")
    if len(await store.api_key.live(tx, caller.user_id)) >= MOST_LIVE:
        raise TooManyKeys(most=MOST_LIVE)
    secret, now = prefixed(API_KEY_PREFIX), tx.now()
    key = ApiKey(
        new_id("key"),
        caller.user_id,
        name,
        secret[:8],
        granted(scopes, user.role),
        now,
        key_end(expires_at, now),
    )
    await store.api_key.add(tx, key, digest(secret))
    tx.audit("key.create", key.key_id, name=name, scopes=list(key.scopes))
    return key, secret


async def revoke(tx: Transaction, caller: Principal, key_id: str) -> None:
    """End the caller's own key at once."""
    require_session(caller)
    if not await store.api_key.revoke(tx, caller.user_id, key_id):
        raise not_found("api_key", key_id)
    tx.audit("key.revoke", key_id)


def require_session(caller: Principal) -> None:
    """Refuse everything but a login of a person who may act: keys beget no keys."""
    caller.require()
    if not caller.session_id.startswith("ses_"):
        raise KeyNeedsSession
