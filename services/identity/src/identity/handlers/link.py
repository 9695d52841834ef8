"""Links: a secret that opens once, and leads to a login at the provider."""

from __future__ import annotations

from dataclasses import replace

from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import CreateLink
from contracts_schema.events.identity import LinkCreated
from contracts_schema.ids import derive_id, new_id

from identity import store
from identity.domain import oauth_state
from identity.domain.account import Provider
from identity.domain.errors import (
    AlreadyLinked,
    LinkSpent,
    LinkUnknown,
    StateRefused,
    Suspended,
    TooManyLinks,
)
from identity.domain.link import LIFETIME, MOST_PER_LIFETIME, Link
from identity.domain.oauth_state import OAuthState, Purpose, RoundTrip
from identity.domain.secret import digest, url_token


async def create(
    tx: Transaction, caller: Principal, command: CreateLink, *, seed: str = ""
) -> Link:
    """Make a link of 15 minutes; the same seed, or the same command, gives the same link."""
    caller.require()
    provider, now = Provider(command.provider), tx.now()
    user = await store.user.lock(tx, caller.user_id)
    if user is None:
        raise not_found("own_account")
    contested = await store.contest.is_against(tx, user.user_id, provider)
    if not contested and await store.account.has(tx, user.user_id, provider):
        raise AlreadyLinked(provider=provider)
    if await store.link.count_since(tx, user.user_id, now - LIFETIME) >= MOST_PER_LIFETIME:
        raise TooManyLinks
    begun_by = seed or tx.cause.causation_id
    link_id = derive_id("lnk", user.user_id, begun_by) if begun_by else new_id("lnk")
    link = Link(link_id, user.user_id, provider, now, now + LIFETIME)
    await store.link.add(tx, link)
    event = LinkCreated(user_id=user.user_id, link_id=link_id, expires_at=link.expires_at)
    tx.stage(event, sequence=user.version)
    tx.audit("link.create", link_id, provider=provider)
    return link


async def replace_token(tx: Transaction, caller: Principal, link_id: str) -> tuple[Link, str]:
    """Give the owner a new secret for the link; the one before opens nothing any more."""
    caller.require()
    link = await store.link.lock(tx, link_id)
    if link is None or link.user_id != caller.user_id:
        raise not_found("link")
    link.require_open(tx.now())
    token = url_token()
    await store.link.set_token(tx, link_id, digest(token))
    return link, token


async def open_link(tx: Transaction, token: str, trip: RoundTrip) -> Link:
    """Use the link's secret up and ask, in this browser only, who is in front of it.

    Whoever has the link is not its owner yet: only the owner's login at Discord leads on.
    """
    link = await store.link.lock_by_token(tx, digest(token))
    if link is None:
        raise LinkUnknown
    link.require_open(tx.now())
    if link.opened_at is not None:
        raise LinkSpent
    user = await store.user.find(tx, link.user_id)
    if user is None or user.suspended:
        raise Suspended
    await store.link.mark_opened(tx, link.link_id)
    state = OAuthState(
        Purpose.LINK,
        Provider.DISCORD,
        trip.verifier,
        tx.now() + oauth_state.LIFETIME,
        user_id=link.user_id,
        link_id=link.link_id,
    )
    await store.oauth_state.add(tx, digest(trip.state), digest(trip.browser), state)
    return link


async def go_on(tx: Transaction, asked: OAuthState, discord_id: str, trip: RoundTrip) -> bool:
    """Begin the login at the link's provider, if the one at Discord was the owner's.

    False if it was somebody else's, which is recorded: somebody may have sent them the link.
    """
    if asked.user_id is None or asked.link_id is None:
        raise StateRefused
    owner = await store.user.find(tx, asked.user_id)
    link = await store.link.lock(tx, asked.link_id)
    if owner is None or link is None or owner.suspended:
        raise Suspended
    if owner.discord_id != discord_id:
        tx.audit("link.refused", link.link_id, reason="another_discord_account")
        return False
    until = tx.now() + oauth_state.LIFETIME
    state = replace(asked, provider=link.provider, verifier=trip.verifier, expires_at=until)
    await store.oauth_state.add(tx, digest(trip.state), digest(trip.browser), state)
    return True
