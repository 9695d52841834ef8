"""API keys: the hash of each, never the key."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.database import Database, Row, Transaction

from identity.domain.access import KEYS_KEPT, ApiKey, Scope

USE_NOTED_EVERY = timedelta(minutes=1)

_COLUMNS = "key_id, user_id, name, hint, scopes, created_at, expires_at, last_used_at"


async def add(tx: Transaction, key: ApiKey, key_hash: str) -> None:
    """Insert the key."""
    await tx.run(
        f"INSERT INTO api_keys ({_COLUMNS}, key_hash)"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key.key_id,
        key.user_id,
        key.name,
        key.hint,
        list(key.scopes),
        key.created_at,
        key.expires_at,
        key.last_used_at,
        key_hash,
    )


async def live(database: Database | Transaction, user_id: str) -> list[ApiKey]:
    """The user's keys that count, the newest first."""
    rows = await database.rows(
        f"SELECT {_COLUMNS} FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL"  # noqa: S608
        " AND expires_at > $2 ORDER BY created_at DESC, key_id DESC LIMIT $3",
        user_id,
        database.clock.now(),
        KEYS_KEPT,
    )
    return [_key(row) for row in rows]


async def revoke(tx: Transaction, user_id: str, key_id: str) -> bool:
    """End the user's key; False if they have no such live key."""
    return bool(
        await tx.run(
            "UPDATE api_keys SET revoked_at = $3"
            " WHERE key_id = $2 AND user_id = $1 AND revoked_at IS NULL",
            user_id,
            key_id,
            tx.now(),
        )
    )


async def used(database: Database, key_hash: str) -> ApiKey | None:
    """The live key of this hash; that it was used is noted, once a minute at most."""
    now = database.clock.now()
    row = await database.row(
        f"SELECT {_COLUMNS} FROM api_keys"  # noqa: S608
        " WHERE key_hash = $1 AND revoked_at IS NULL AND expires_at > $2",
        key_hash,
        now,
    )
    if row is None:
        return None
    key = _key(row)
    if key.last_used_at is None or key.last_used_at <= now - USE_NOTED_EVERY:
        await database.pool.execute(
            "UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1", key.key_id, now
        )
    return key


def _key(row: Row) -> ApiKey:
    return ApiKey(
        row["key_id"],
        row["user_id"],
        row["name"],
        row["hint"],
        tuple(Scope(scope) for scope in row["scopes"]),
        row["created_at"],
        row["expires_at"],
        row["last_used_at"],
    )
