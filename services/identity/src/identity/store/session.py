"""Sessions and the families of their refresh tokens."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import BindParameter, Integer, bindparam, delete, insert, or_, select, true, update

from identity.domain.session import MOST_LIVE, EndReason, RefreshToken, Session
from identity.store.tables import refresh_tokens, sessions

_COLUMNS = [sessions.c[each.name] for each in fields(Session)]
_THIS = sessions.c.session_id == bindparam("session_id")
_OF_USER = sessions.c.user_id == bindparam("user_id")
_TOKEN = refresh_tokens.c.token_hash == bindparam("token_hash")
_NOT_ENDED = sessions.c.ended_at.is_(None)
_LIVE = (_NOT_ENDED, sessions.c.expires_at > bindparam("now"))
_NEWEST_FIRST = (sessions.c.created_at.desc(), sessions.c.session_id.desc())
_ENDED: dict[str, BindParameter[Any]] = {
    "ended_at": bindparam("now"),
    "end_reason": bindparam("reason"),
}

_ADD = statement(insert(sessions).values(parameters(sessions, "ended_at", "end_reason")))
_END_OLDEST = statement(
    update(sessions)
    .values(_ENDED)
    .where(
        sessions.c.session_id.in_(
            select(sessions.c.session_id)
            .where(_OF_USER, _NOT_ENDED)
            .order_by(*_NEWEST_FIRST)
            .offset(MOST_LIVE)
        )
    )
    .returning(sessions.c.session_id)
)
_ADD_TOKEN = statement(insert(refresh_tokens).values(parameters(refresh_tokens, "used_at")))
_EXTEND = statement(
    update(sessions)
    .values(last_used_at=bindparam("now"), expires_at=bindparam("until"))
    .where(_THIS)
)
_LOCK_TOKEN = statement(
    select(
        *_COLUMNS,
        refresh_tokens.c.expires_at.label("token_expires_at"),
        refresh_tokens.c.used_at.label("token_used_at"),
    )
    .select_from(refresh_tokens.join(sessions))
    .where(_TOKEN)
    .with_for_update()
)
_MARK_TOKEN_USED = statement(update(refresh_tokens).values(used_at=bindparam("now")).where(_TOKEN))
_END = statement(
    update(sessions)
    .values(_ENDED)
    .where(_OF_USER, or_(bindparam("session_id") == "", _THIS), _NOT_ENDED)
)
_LIST_LIVE = statement(
    select(*_COLUMNS).where(_OF_USER, *_LIVE).order_by(*_NEWEST_FIRST).limit(MOST_LIVE)
)
_IS_LIVE = statement(select(true()).select_from(sessions).where(_THIS, _OF_USER, *_LIVE))
_ENDED_SINCE = statement(
    select(sessions.c.session_id)
    .where(sessions.c.ended_at >= bindparam("since"))
    .order_by(sessions.c.ended_at.desc())
    .limit(bindparam("most", type_=Integer))
)
_FORGET = statement(
    delete(sessions).where(
        or_(
            sessions.c.expires_at <= bindparam("before"), sessions.c.ended_at <= bindparam("before")
        )
    )
)


async def add(tx: Transaction, session: Session) -> list[str]:
    """Insert the session; the oldest beyond the number kept are ended, and their ids given."""
    await tx.run(_ADD, **_ADD.values_of(session))
    rows = await tx.rows(
        _END_OLDEST, user_id=session.user_id, now=tx.now(), reason=EndReason.TOO_MANY
    )
    return [row["session_id"] for row in rows]


async def add_token(
    tx: Transaction, token_hash: str, session_id: str, expires_at: datetime
) -> None:
    """Let this refresh token continue the session, which then lives as long."""
    token = {"token_hash": token_hash, "session_id": session_id, "expires_at": expires_at}
    await tx.run(_ADD_TOKEN, **token, created_at=tx.now())
    await tx.run(_EXTEND, session_id=session_id, now=tx.now(), until=expires_at)


async def lock_token(tx: Transaction, token_hash: str) -> RefreshToken | None:
    """The refresh token with its session; two uses at once come one after the other."""
    row = await tx.row(_LOCK_TOKEN, token_hash=token_hash)
    if row is None:
        return None
    session = Session(**{each.name: row[each.name] for each in fields(Session)})
    return RefreshToken(session, row["token_expires_at"], row["token_used_at"])


async def mark_token_used(tx: Transaction, token_hash: str) -> None:
    """The token was exchanged; seeing it again means that two hold it."""
    await tx.run(_MARK_TOKEN_USED, token_hash=token_hash, now=tx.now())


async def end(tx: Transaction, user_id: str, reason: EndReason, session_id: str = "") -> int:
    """End this session of the user, or all of them; how many were live."""
    return await tx.run(_END, user_id=user_id, session_id=session_id, reason=reason, now=tx.now())


async def live(database: Database, user_id: str) -> list[Session]:
    """The user's live sessions, the newest first."""
    now = database.clock.now()
    return [Session(**row) for row in await database.rows(_LIST_LIVE, user_id=user_id, now=now)]


async def is_live(database: Database, session_id: str, user_id: str) -> bool:
    """Whether the session counts now."""
    asked = {"session_id": session_id, "user_id": user_id, "now": database.clock.now()}
    return await database.value(_IS_LIVE, **asked) is True


async def ended_since(database: Database, since: datetime, most: int) -> list[str]:
    """The sessions that ended since then, the newest first."""
    rows = await database.rows(_ENDED_SINCE, since=since, most=most)
    return [row["session_id"] for row in rows]


async def forget(tx: Transaction, before: datetime) -> int:
    """Forget sessions, with their tokens, that were over before this moment; how many."""
    return await tx.run(_FORGET, before=before)
