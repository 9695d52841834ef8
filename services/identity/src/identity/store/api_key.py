"""API keys: the hash of each, never the key."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from chassis.storage.database import Database, Row, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, insert, select, update

from identity.domain.api_key import MOST_LIVE, ApiKey, Scope
from identity.store.tables import api_keys

USE_NOTED_EVERY = timedelta(minutes=1)

_COLUMNS = [api_keys.c[each.name] for each in fields(ApiKey)]
_THIS = api_keys.c.key_id == bindparam("key_id")
_OF_USER = api_keys.c.user_id == bindparam("user_id")
_NOT_REVOKED = api_keys.c.revoked_at.is_(None)
_LIVE = (_NOT_REVOKED, api_keys.c.expires_at > bindparam("now"))

_ADD = statement(insert(api_keys).values(parameters(api_keys, "revoked_at")))
_LIST_LIVE = statement(
    select(*_COLUMNS)
    .where(_OF_USER, *_LIVE)
    .order_by(api_keys.c.created_at.desc(), api_keys.c.key_id.desc())
    .limit(MOST_LIVE)
)
_REVOKE = statement(
    update(api_keys).values(revoked_at=bindparam("now")).where(_THIS, _OF_USER, _NOT_REVOKED)
)
_FIND_LIVE = statement(
    select(*_COLUMNS).where(api_keys.c.key_hash == bindparam("key_hash"), *_LIVE)
)
_NOTE_USE = statement(update(api_keys).values(last_used_at=bindparam("now")).where(_THIS))


async def add(tx: Transaction, key: ApiKey, key_hash: str) -> None:
    """Insert the key."""
    await tx.run(_ADD, **_ADD.values_of(key, key_hash=key_hash))


async def live(reader: Database | Transaction, user_id: str) -> list[ApiKey]:
    """The user's keys that count, the newest first."""
    now = reader.clock.now()
    return [_key(row) for row in await reader.rows(_LIST_LIVE, user_id=user_id, now=now)]


async def revoke(tx: Transaction, user_id: str, key_id: str) -> bool:
    """End the user's key; False if they have no such live key."""
    return bool(await tx.run(_REVOKE, user_id=user_id, key_id=key_id, now=tx.now()))


async def use(database: Database, key_hash: str) -> ApiKey | None:
    """The live key of this hash; that it was used is noted, once a minute at most."""
    now = database.clock.now()
    row = await database.row(_FIND_LIVE, key_hash=key_hash, now=now)
    if row is None:
        return None
    key = _key(row)
    if key.last_used_at is None or key.last_used_at <= now - USE_NOTED_EVERY:
        await database.execute(_NOTE_USE, key_id=key.key_id, now=now)
    return key


def _key(row: Row) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(Scope(scope) for scope in row["scopes"])})
