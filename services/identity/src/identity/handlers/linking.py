"""Linking an account: a link, a secret that opens it once, a login at the provider, the account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import CreateLink
from contracts_schema.events.identity import AccountLinked, LinkCreated, TierChanged
from contracts_schema.ids import derive_id, new_id

from identity.domain.errors import (
    AlreadyLinked,
    LinkSpent,
    LinkUnknown,
    StateRefused,
    Suspended,
    TooManyLinks,
)
from identity.domain.links import LINK_LIFE, LINKS_PER_WINDOW, STATE_LIFE, Link, Purpose, State
from identity.domain.people import Provider, User
from identity.domain.tier import TierAction, after_linking
from identity.handlers.telling import tell
from identity.secret import digest, url_token
from identity.store import links, users


class Outcome(StrEnum):
    """How a linking ended."""

    LINKED = "linked"
    TAKEN = "taken"
    HAS_ANOTHER = "has_another"


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The secrets of one OAuth round trip: for the provider, for the browser, for the code."""

    state: str
    browser: str
    verifier: str

    @classmethod
    def begin(cls) -> RoundTrip:
        """Three new secrets."""
        return cls(url_token(), url_token(), url_token())


async def create_link(
    tx: Transaction, caller: Principal, command: CreateLink, seed: str = ""
) -> Link:
    """Make a link of 15 minutes; the same seed gives the same link."""
    caller.require()
    provider, now = Provider(command.provider), tx.now()
    user = await users.lock(tx, caller.user_id)
    if user is None:
        raise not_found("Your account")
    if await users.has_account(tx, user.user_id, provider):
        raise AlreadyLinked(provider)
    if await links.count_since(tx, user.user_id, now - LINK_LIFE) >= LINKS_PER_WINDOW:
        raise TooManyLinks
    link_id = derive_id("lnk", user.user_id, seed) if seed else new_id("lnk")
    link = Link(link_id, user.user_id, provider, now, now + LINK_LIFE)
    await links.add(tx, link)
    event = LinkCreated(user_id=user.user_id, link_id=link_id, expires_at=link.expires_at)
    tx.stage(event, sequence=user.version)
    tx.audit("link.create", link_id, provider=provider)
    return link


async def replace_token(tx: Transaction, caller: Principal, link_id: str) -> tuple[Link, str]:
    """Give the owner a new secret for the link; the one before opens nothing any more."""
    caller.require()
    link = await links.lock(tx, link_id)
    if link is None or link.user_id != caller.user_id:
        raise not_found("This link")
    link.require_open(tx.now())
    token = url_token()
    await links.set_token(tx, link_id, digest(token))
    return link, token


async def open_link(tx: Transaction, token: str, trip: RoundTrip) -> Link:
    """Use the link's secret up and begin the login at the provider, for this browser only."""
    link = await links.lock_by_token(tx, digest(token))
    if link is None:
        raise LinkUnknown
    link.require_open(tx.now())
    if link.opened_at is not None:
        raise LinkSpent
    user = await users.find(tx, link.user_id)
    if user is None or user.suspended:
        raise Suspended
    await links.mark_opened(tx, link.link_id)
    state = State(
        Purpose.LINK,
        link.provider,
        trip.verifier,
        tx.now() + STATE_LIFE,
        user_id=link.user_id,
        link_id=link.link_id,
    )
    await links.add_state(tx, digest(trip.state), digest(trip.browser), state)
    return link


async def take_state(tx: Transaction, state: str, browser: str, provider: Provider) -> State:
    """The round trip this browser began; a state is taken once, whatever comes after."""
    taken = await links.take_state(tx, digest(state), digest(browser), provider)
    if taken is None:
        raise StateRefused
    return taken


async def complete_link(tx: Transaction, state: State, account_id: str) -> Outcome:
    """Give the account to the user, unless it is another's or the user has another."""
    if state.user_id is None or state.link_id is None:
        raise StateRefused
    user = await users.lock(tx, state.user_id)
    if user is None or user.suspended:
        raise Suspended
    if not await users.link(tx, user.user_id, state.provider, account_id):
        return await _refused(tx, user, state, account_id)
    await links.mark_completed(tx, state.link_id)
    await _tell_linked(tx, user, state.provider, account_id)
    return Outcome.LINKED


async def _refused(tx: Transaction, user: User, state: State, account_id: str) -> Outcome:
    owner = await users.owner(tx, state.provider, account_id)
    if owner == user.user_id:
        return Outcome.LINKED
    outcome = Outcome.HAS_ANOTHER if owner is None else Outcome.TAKEN
    tx.audit("account.link_refused", user.user_id, reason=outcome, provider=state.provider)
    return outcome


async def _tell_linked(tx: Transaction, user: User, provider: Provider, account_id: str) -> None:
    tier, version = after_linking(user.tier), user.version + 1
    await users.save(tx, replace(user, tier=tier, version=version))
    linked = AccountLinked(user_id=user.user_id, provider=provider, provider_user_id=account_id)
    await tell(tx, linked, version)
    tx.audit("account.link", user.user_id, provider=provider)
    if tier is not user.tier:
        moved = TierChanged(
            user_id=user.user_id, tier=tier, previous=user.tier, reason_code=TierAction.LINK
        )
        await tell(tx, moved, version)
        tx.audit("user.tier", user.user_id, reason="account linked", tier=tier)
