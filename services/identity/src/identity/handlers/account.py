"""Linked accounts: given to the user whose login at the provider proved them."""

from __future__ import annotations

from dataclasses import replace

from chassis.storage.database import Transaction
from contracts_schema.events.identity import AccountLinked, TierChanged

from identity import store
from identity.domain.account import LinkOutcome, Provider
from identity.domain.errors import StateRefused, Suspended
from identity.domain.oauth_state import OAuthState
from identity.domain.tier import TierAction, after_linking
from identity.domain.user import User
from identity.handlers.user import stage_and_follow


async def link(tx: Transaction, state: OAuthState, account_id: str) -> LinkOutcome:
    """Give the account to the user, unless it is another's or the user has another."""
    if state.user_id is None or state.link_id is None:
        raise StateRefused
    user = await store.user.lock(tx, state.user_id)
    if user is None or user.suspended:
        raise Suspended
    if not await store.account.add(tx, user.user_id, state.provider, account_id):
        return await _refuse(tx, user, state.provider, account_id)
    await store.link.mark_completed(tx, state.link_id)
    await _linked(tx, user, state.provider, account_id)
    return LinkOutcome.LINKED


async def _refuse(tx: Transaction, user: User, provider: Provider, account_id: str) -> LinkOutcome:
    owner = await store.account.owner(tx, provider, account_id)
    if owner == user.user_id:
        return LinkOutcome.LINKED
    outcome = LinkOutcome.HAS_ANOTHER if owner is None else LinkOutcome.TAKEN
    tx.audit("account.link_refused", user.user_id, reason=outcome, provider=provider)
    return outcome


async def _linked(tx: Transaction, user: User, provider: Provider, account_id: str) -> None:
    tier, version = after_linking(user.tier), user.version + 1
    await store.user.save(tx, replace(user, tier=tier, version=version))
    linked = AccountLinked(user_id=user.user_id, provider=provider, provider_user_id=account_id)
    await stage_and_follow(tx, linked, version)
    tx.audit("account.link", user.user_id, provider=provider)
    if tier is not user.tier:
        moved = TierChanged(
            user_id=user.user_id, tier=tier, previous=user.tier, reason_code=TierAction.LINK
        )
        await stage_and_follow(tx, moved, version)
        tx.audit("user.tier", user.user_id, reason="account linked", tier=tier)
