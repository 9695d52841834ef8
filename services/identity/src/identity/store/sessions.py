"""Sessions and the families of their refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.storage.database import Database, Row, Transaction

from identity.domain.access import SESSIONS_KEPT, EndReason, Session

_COLUMNS = "session_id, user_id, created_at, last_used_at, expires_at, user_agent, ended_at"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A known refresh token and its session, both locked."""

    session: Session
    expires_at: datetime
    used_at: datetime | None


async def add(tx: Transaction, session: Session) -> list[str]:
    """Insert the session; the oldest beyond the number kept are ended, and their ids given."""
    await tx.run(
        "INSERT INTO sessions (session_id, user_id, user_agent, created_at, last_used_at,"
        " expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        session.session_id,
        session.user_id,
        session.user_agent,
        session.created_at,
        session.last_used_at,
        session.expires_at,
    )
    rows = await tx.rows(
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE session_id IN ("
        " SELECT session_id FROM sessions WHERE user_id = $1 AND ended_at IS NULL"
        " ORDER BY created_at DESC, session_id DESC OFFSET $4) RETURNING session_id",
        session.user_id,
        tx.now(),
        EndReason.TOO_MANY,
        SESSIONS_KEPT,
    )
    return [row["session_id"] for row in rows]


async def add_refresh(
    tx: Transaction, token_hash: str, session_id: str, expires_at: datetime
) -> None:
    """Let this refresh token continue the session, which then lives as long."""
    await tx.run(
        "INSERT INTO refresh_tokens (token_hash, session_id, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4)",
        token_hash,
        session_id,
        tx.now(),
        expires_at,
    )
    await tx.run(
        "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE session_id = $1",
        session_id,
        tx.now(),
        expires_at,
    )


async def lock_refresh(tx: Transaction, token_hash: str) -> RefreshToken | None:
    """The refresh token with its session; two uses at once come one after the other."""
    row = await tx.row(
        "SELECT s.session_id, s.user_id, s.created_at, s.last_used_at, s.expires_at, s.user_agent,"
        " s.ended_at, r.expires_at AS token_expires_at, r.used_at"
        " FROM refresh_tokens r JOIN sessions s USING (session_id)"
        " WHERE r.token_hash = $1 FOR UPDATE",
        token_hash,
    )
    return RefreshToken(_session(row), row["token_expires_at"], row["used_at"]) if row else None


async def mark_refresh_used(tx: Transaction, token_hash: str) -> None:
    """The token was exchanged; seeing it again means that two hold it."""
    await tx.run(
        "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", token_hash, tx.now()
    )


async def end(tx: Transaction, user_id: str, reason: EndReason, session_id: str = "") -> int:
    """End this session of the user, or all of them; how many were live."""
    return await tx.run(
        "UPDATE sessions SET ended_at = $3, end_reason = $4"
        " WHERE user_id = $1 AND ($2 = '' OR session_id = $2) AND ended_at IS NULL",
        user_id,
        session_id,
        tx.now(),
        reason,
    )


async def live(database: Database, user_id: str) -> list[Session]:
    """The user's live sessions, the newest first."""
    rows = await database.rows(
        f"SELECT {_COLUMNS} FROM sessions WHERE user_id = $1 AND ended_at IS NULL"  # noqa: S608
        " AND expires_at > $2 ORDER BY created_at DESC, session_id DESC LIMIT $3",
        user_id,
        database.clock.now(),
        SESSIONS_KEPT,
    )
    return [_session(row) for row in rows]


async def is_live(database: Database, session_id: str, user_id: str) -> bool:
    """Whether the session counts now."""
    found = await database.value(
        "SELECT true FROM sessions WHERE session_id = $1 AND user_id = $2 AND ended_at IS NULL"
        " AND expires_at > $3",
        session_id,
        user_id,
        database.clock.now(),
    )
    return found is True


async def clean_up(tx: Transaction, before: datetime) -> int:
    """Forget sessions, with their tokens, that were over before this moment; how many."""
    return await tx.run("DELETE FROM sessions WHERE expires_at <= $1 OR ended_at <= $1", before)


def _session(row: Row) -> Session:
    return Session(
        row["session_id"],
        row["user_id"],
        row["created_at"],
        row["last_used_at"],
        row["expires_at"],
        row["user_agent"],
        row["ended_at"],
    )
