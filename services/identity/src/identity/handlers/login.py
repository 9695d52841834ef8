"""Logging in at Discord: a round trip that ends in a session."""

from __future__ import annotations

from contextlib import suppress

from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import RegisterUser

from identity import store
from identity.domain import oauth_state
from identity.domain.account import Provider
from identity.domain.errors import AlreadyRegistered, ConsentMissing, Suspended
from identity.domain.oauth_state import OAuthState, Purpose, RoundTrip
from identity.domain.secret import digest
from identity.domain.session import Login
from identity.domain.terms import Terms
from identity.domain.user import Joining, User
from identity.handlers import session
from identity.handlers.user import register


async def begin(
    tx: Transaction, trip: RoundTrip, terms_version: str | None, redirect_to: str | None
) -> None:
    """Remember a login at Discord, for this browser only; terms are named if agreed to."""
    state = OAuthState(
        Purpose.LOGIN,
        Provider.DISCORD,
        trip.verifier,
        tx.now() + oauth_state.LIFETIME,
        terms_version=terms_version,
        redirect_to=redirect_to,
    )
    await store.oauth_state.add(tx, digest(trip.state), digest(trip.browser), state)


async def log_in(
    tx: Transaction, state: OAuthState, discord_id: str, user_agent: str, joining: Joining
) -> Login:
    """Begin a session of the person behind this Discord account, who joins if they consented."""
    user = await _known_or_joining(tx, state.terms_version, discord_id, joining)
    if user.suspended:
        raise Suspended
    return await session.begin(tx, user, user_agent)


async def _known_or_joining(
    tx: Transaction, terms_version: str | None, discord_id: str, joining: Joining
) -> User:
    user = await store.user.find_by_discord_id(tx, discord_id)
    if user is None and terms_version is None:
        raise ConsentMissing
    if user is None and terms_version is not None:
        command = RegisterUser(consent=True, terms_version=terms_version)
        stranger = Principal("", discord_id=discord_id)
        with suppress(AlreadyRegistered):  # by another login of theirs, this very moment
            return await register(tx, stranger, command, joining)
        user = await store.user.find_by_discord_id(tx, discord_id)
    if user is None:
        raise ConsentMissing
    if terms_version is not None:
        await _agree(tx, user, joining.terms.agreed(terms_version))
    return user


async def _agree(tx: Transaction, user: User, terms: Terms) -> None:
    """Record that somebody who has joined agreed to these terms; the first time counts."""
    if await store.user.add_consent(tx, user.user_id, terms, "rest"):
        tx.audit(
            "user.agree",
            user.user_id,
            terms_version=terms.version,
            terms_sha256=terms.sha256,
        )
