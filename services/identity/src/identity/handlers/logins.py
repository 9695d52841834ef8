"""Logging in, staying in, and getting out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import RegisterUser
from contracts_schema.ids import new_id

from identity.domain.access import REFRESH_LIFE, EndReason, Session
from identity.domain.errors import AlreadyRegistered, ConsentMissing, Suspended
from identity.domain.links import STATE_LIFE, Purpose, State
from identity.domain.people import Provider, User
from identity.handlers.linking import RoundTrip
from identity.handlers.people import register_user
from identity.secret import REFRESH_PREFIX, digest, prefixed
from identity.store import links, sessions, users


@dataclass(frozen=True, slots=True)
class Login:
    """A session that goes on, and the secret that continues it."""

    user: User
    session_id: str
    refresh_token: str


async def begin_login(
    tx: Transaction, trip: RoundTrip, terms_version: str | None, redirect_to: str | None
) -> None:
    """Remember a login at Discord, for this browser only; terms are named if agreed to."""
    state = State(
        Purpose.LOGIN,
        Provider.DISCORD,
        trip.verifier,
        tx.now() + STATE_LIFE,
        terms_version=terms_version,
        redirect_to=redirect_to,
    )
    await links.add_state(tx, digest(trip.state), digest(trip.browser), state)


async def log_in(
    tx: Transaction, state: State, discord_id: str, user_agent: str, admins: frozenset[str]
) -> Login:
    """Begin a session of the person behind this Discord account, who joins if they consented."""
    user = await _known_or_joining(tx, state.terms_version, discord_id, admins)
    if user.suspended:
        raise Suspended
    now = tx.now()
    session = Session(new_id("ses"), user.user_id, now, now, now + REFRESH_LIFE, user_agent)
    for ended in await sessions.add(tx, session):
        tx.audit("session.end", ended, reason=EndReason.TOO_MANY)
    tx.audit("session.begin", session.session_id, user_id=user.user_id)
    return Login(user, session.session_id, await _next_refresh(tx, session.session_id))


async def _known_or_joining(
    tx: Transaction, terms_version: str | None, discord_id: str, admins: frozenset[str]
) -> User:
    user = await users.by_discord_id(tx, discord_id)
    if user is None and terms_version is None:
        raise ConsentMissing
    if user is None and terms_version is not None:
        command = RegisterUser(consent=True, terms_version=terms_version)
        joining = Principal("", discord_id=discord_id)
        with suppress(AlreadyRegistered):  # by another login of theirs, this very moment
            return await register_user(tx, joining, command, admins)
        user = await users.by_discord_id(tx, discord_id)
    if user is None:
        raise ConsentMissing
    if terms_version is not None:
        await users.add_consent(tx, user.user_id, terms_version, "rest")
    return user


async def refresh(tx: Transaction, refresh_token: str) -> Login | None:
    """Exchange a refresh token for the next; None if it is not good.

    A token that was exchanged before ends the whole family: two people hold it. That end must
    be committed, so a refusal is given back and not raised.
    """
    found = await sessions.lock_refresh(tx, digest(refresh_token))
    if found is None or found.session.ended_at is not None:
        return None
    if found.used_at is not None:
        session = found.session
        await sessions.end(tx, session.user_id, EndReason.REFRESH_REUSED, session.session_id)
        tx.audit("session.end", session.session_id, reason=EndReason.REFRESH_REUSED)
        return None
    user = await users.find(tx, found.session.user_id)
    if found.expires_at <= tx.now() or user is None or user.suspended:
        return None
    await sessions.mark_refresh_used(tx, digest(refresh_token))
    session_id = found.session.session_id
    return Login(user, session_id, await _next_refresh(tx, session_id))


async def log_out(tx: Transaction, refresh_token: str) -> None:
    """End the session that this refresh token belongs to; a token unknown here changes nothing."""
    found = await sessions.lock_refresh(tx, digest(refresh_token))
    if found is not None:
        session = found.session
        await end_sessions(tx, session.user_id, EndReason.LOGOUT, session.session_id)


async def end_sessions(
    tx: Transaction, user_id: str, reason: EndReason, session_id: str = ""
) -> int:
    """End this session of the user, or all; how many were live."""
    ended = await sessions.end(tx, user_id, reason, session_id)
    if ended:
        tx.audit("session.end", session_id or user_id, reason=reason, count=ended)
    return ended


async def _next_refresh(tx: Transaction, session_id: str) -> str:
    token = prefixed(REFRESH_PREFIX)
    await sessions.add_refresh(tx, digest(token), session_id, tx.now() + REFRESH_LIFE)
    return token
