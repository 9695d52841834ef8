"""Sessions: begun by a login, continued by refresh tokens that work once, and ended."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.ids import new_id

from identity import store
from identity.domain.secret import REFRESH_PREFIX, digest, prefixed
from identity.domain.session import REFRESH_LIFE, EndReason, Login, Session
from identity.domain.user import User


async def begin(tx: Transaction, user: User, user_agent: str) -> Login:
    """Begin a session; the oldest beyond the number that may be live are ended."""
    now = tx.now()
    session = Session(new_id("ses"), user.user_id, now, now, now + REFRESH_LIFE, user_agent)
    for ended in await store.session.add(tx, session):
        tx.audit("session.end", ended, reason=EndReason.TOO_MANY)
    tx.audit("session.begin", session.session_id, user_id=user.user_id)
    return Login(user, session.session_id, await _next_refresh(tx, session.session_id))


async def refresh(tx: Transaction, refresh_token: str) -> Login | None:
    """Exchange a refresh token for the next; None if it is not good.

    A token that was exchanged before ends the whole family: two people hold it. That end must
    be committed, so a refusal is given back and not raised.
    """
    found = await store.session.lock_token(tx, digest(refresh_token))
    if found is None or found.session.ended_at is not None:
        return None
    if found.used_at is not None:
        session = found.session
        await store.session.end(tx, session.user_id, EndReason.REFRESH_REUSED, session.session_id)
        tx.audit("session.end", session.session_id, reason=EndReason.REFRESH_REUSED)
        return None
    user = await store.user.find(tx, found.session.user_id)
    if found.expires_at <= tx.now() or user is None or user.suspended:
        return None
    await store.session.mark_token_used(tx, digest(refresh_token))
    session_id = found.session.session_id
    return Login(user, session_id, await _next_refresh(tx, session_id))


async def log_out(tx: Transaction, refresh_token: str) -> None:
    """End the session that this refresh token belongs to; a token unknown here changes nothing."""
    found = await store.session.lock_token(tx, digest(refresh_token))
    if found is not None:
        session = found.session
        await end(tx, session.user_id, EndReason.LOGOUT, session.session_id)


async def end(tx: Transaction, user_id: str, reason: EndReason, session_id: str = "") -> int:
    """End this session of the user, or all; how many were live."""
    ended = await store.session.end(tx, user_id, reason, session_id)
    if ended:
        tx.audit("session.end", session_id or user_id, reason=reason, count=ended)
    return ended


async def _next_refresh(tx: Transaction, session_id: str) -> str:
    token = prefixed(REFRESH_PREFIX)
    await store.session.add_token(tx, digest(token), session_id, tx.now() + REFRESH_LIFE)
    return token
