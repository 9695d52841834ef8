"""Linked accounts: given to whose login at the provider proved them, and given up."""

from __future__ import annotations

from dataclasses import replace

from chassis.principals import Principal
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.identity import AccountLinked, AccountUnlinked, Tier, TierChanged

from identity import store
from identity.domain.account import LinkOutcome, Provider
from identity.domain.errors import AccountNotLinked, StateRefused, Suspended
from identity.domain.oauth_state import OAuthState
from identity.domain.tier import TierAction, after_linking, after_unlinking
from identity.domain.user import User
from identity.handlers import contest
from identity.handlers.user import stage_and_follow


async def link(tx: Transaction, state: OAuthState, account_id: str) -> LinkOutcome:
    """Give the account to the user, unless it is another's or the user has another.

    Of an account that another has, this proof begins a contest; of one's own, it ends one.
    """
    if state.user_id is None or state.link_id is None:
        raise StateRefused
    user = await store.user.lock(tx, state.user_id)
    if user is None or user.suspended:
        raise Suspended
    if not await store.account.add(tx, user.user_id, state.provider, account_id):
        return await _refuse(tx, user, state.provider, account_id)
    await store.link.mark_completed(tx, state.link_id)
    await told_linked(tx, user, state.provider, account_id)
    return LinkOutcome.LINKED


async def unlink(tx: Transaction, caller: Principal, provider: Provider) -> None:
    """Give the account up; without one, the person is back at TIER_0."""
    caller.require()
    user = await store.user.lock(tx, caller.user_id)
    account_id = await store.account.find(tx, caller.user_id, provider)
    if user is None or account_id is None:
        raise AccountNotLinked(provider=provider)
    await take_away(tx, user, provider, account_id, "unlinked by its owner")
    await store.account.forget_name(tx, provider, account_id)


async def decide(tx: Transaction, timer: Timer) -> None:
    """Nobody proved the contested account since: it is the claimant's, if they can have it."""
    asked = await store.contest.find(tx, timer.subject_id)
    if asked is None:
        return
    sides = sorted((asked.holder_id, asked.claimant_id))
    people = {user_id: await store.user.lock(tx, user_id) for user_id in sides}
    contested = await store.contest.lock(tx, asked.provider, asked.provider_user_id)
    if contested != asked:
        return
    holder, claimant = people[asked.holder_id], people[asked.claimant_id]
    owner = await store.account.owner(tx, asked.provider, asked.provider_user_id)
    has_another = await store.account.has(tx, asked.claimant_id, asked.provider)
    is_free = owner in (None, asked.holder_id) and not has_another
    if holder is None or claimant is None or claimant.suspended or not is_free:
        await contest.end(tx, asked, owner or "", "the claimant cannot have it")
        return
    if owner is not None:
        await take_away(tx, holder, asked.provider, asked.provider_user_id, "proved later")
    await contest.end(tx, asked, asked.claimant_id, "nobody proved it again")
    await store.account.add(tx, claimant.user_id, asked.provider, asked.provider_user_id)
    await told_linked(tx, claimant, asked.provider, asked.provider_user_id)


async def _refuse(tx: Transaction, user: User, provider: Provider, account_id: str) -> LinkOutcome:
    owner = await store.account.owner(tx, provider, account_id)
    if owner == user.user_id:
        await contest.proven_again(tx, user, provider, account_id)
        return LinkOutcome.LINKED
    has_another = await store.account.has(tx, user.user_id, provider)
    outcome = LinkOutcome.HAS_ANOTHER if owner is None or has_another else LinkOutcome.TAKEN
    tx.audit("account.link_refused", user.user_id, reason=outcome, provider=provider)
    if owner is not None and outcome is LinkOutcome.TAKEN:
        await contest.begin(tx, owner, user, provider, account_id)
    return outcome


async def told_linked(tx: Transaction, user: User, provider: Provider, account_id: str) -> None:
    """The locked user has this account now: their tier follows, and all are told."""
    linked = AccountLinked(user_id=user.user_id, provider=provider, provider_user_id=account_id)
    tx.audit("account.link", user.user_id, provider=provider)
    await _told(tx, user, linked, after_linking(user.tier), TierAction.LINK)


async def take_away(
    tx: Transaction, user: User, provider: Provider, account_id: str, reason: str
) -> None:
    """The locked user has this account no more: their tier follows, and all are told."""
    await store.account.remove(tx, user.user_id, provider)
    gone = AccountUnlinked(user_id=user.user_id, provider=provider, provider_user_id=account_id)
    tx.audit("account.unlink", user.user_id, reason=reason, provider=provider)
    await _told(tx, user, gone, after_unlinking(user.tier), TierAction.UNLINK)


async def _told(
    tx: Transaction,
    user: User,
    event: AccountLinked | AccountUnlinked,
    tier: Tier,
    action: TierAction,
) -> None:
    version = user.version + 1
    await store.user.save(tx, replace(user, tier=tier, version=version))
    await stage_and_follow(tx, event, version)
    if tier is not user.tier:
        moved = TierChanged(user_id=user.user_id, tier=tier, previous=user.tier, reason_code=action)
        await stage_and_follow(tx, moved, version)
        tx.audit("user.tier", user.user_id, reason=f"account {action}ed", tier=tier)
