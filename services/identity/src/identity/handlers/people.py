"""Joining, and what a team member changes about a person."""

from __future__ import annotations

from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import RegisterUser
from contracts_schema.events.identity import (
    PlatformRole,
    RoleChanged,
    TierChanged,
    UserRegistered,
    UserReinstated,
    UserSuspended,
)
from contracts_schema.ids import derive_id

from identity.domain.access import EndReason, Scope
from identity.domain.errors import AlreadyRegistered, ScopeRefused
from identity.domain.people import Change, Changed, Provider, User, change
from identity.handlers.telling import tell
from identity.store import sessions, users


async def register_user(
    tx: Transaction, caller: Principal, command: RegisterUser, admins: frozenset[str]
) -> User:
    """Let the person join at TIER_0 under the terms they agreed to; once."""
    role = PlatformRole.ADMIN if caller.discord_id in admins else PlatformRole.USER
    user = User(
        derive_id("usr", caller.discord_id),
        caller.discord_id,
        tx.now(),
        role=role,
        locale=caller.locale[:20],
    )
    if not await users.add(tx, user):
        raise AlreadyRegistered
    await users.link(tx, user.user_id, Provider.DISCORD, user.discord_id)
    await users.add_consent(tx, user.user_id, command.terms_version, caller.door)
    registered = UserRegistered(
        user_id=user.user_id, discord_id=user.discord_id, locale=user.locale
    )
    await tell(tx, registered, user.version)
    tx.audit("user.register", user.user_id, terms_version=command.terms_version)
    if role is PlatformRole.ADMIN:
        promoted = RoleChanged(user_id=user.user_id, role=role, previous=PlatformRole.USER)
        await tell(tx, promoted, user.version)
        tx.audit("user.role", user.user_id, reason="named in the settings", role=role)
    return user


async def change_user(
    tx: Transaction, caller: Principal, user_id: str, wish: Change, seen: int | None
) -> User:
    """Change a person's tier, role or suspension, with a reason that is recorded."""
    caller.require(role=PlatformRole.ADMIN)
    if caller.scopes and Scope.ADMIN not in caller.scopes:
        raise ScopeRefused(Scope.ADMIN)
    user = await users.lock(tx, user_id)
    if user is None:
        raise not_found("This user")
    require_version(seen, user.version)
    has_roblox = await users.has_account(tx, user_id, Provider.ROBLOX)
    changed = change(user, wish, caller.user_id, has_roblox=has_roblox)
    if changed.after.version != user.version:
        await users.save(tx, changed.after)
        await _tell_tier(tx, changed, wish.reason)
        await _tell_role(tx, changed, wish.reason)
        await _tell_suspension(tx, changed, wish.reason)
    return changed.after


async def _tell_tier(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if changed.tier_action is None:
        return
    event = TierChanged(
        user_id=after.user_id,
        tier=after.tier,
        previous=before.tier,
        reason_code=changed.tier_action,
    )
    await tell(tx, event, after.version)
    tx.audit("user.tier", after.user_id, reason=reason, previous=before.tier, tier=after.tier)


async def _tell_role(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if before.role is after.role:
        return
    event = RoleChanged(user_id=after.user_id, role=after.role, previous=before.role)
    await tell(tx, event, after.version)
    await sessions.end(tx, after.user_id, EndReason.ROLE_CHANGED)
    tx.audit("user.role", after.user_id, reason=reason, previous=before.role, role=after.role)


async def _tell_suspension(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if before.suspended is after.suspended:
        return
    if after.suspended:
        await tell(tx, UserSuspended(user_id=after.user_id), after.version)
        await sessions.end(tx, after.user_id, EndReason.SUSPENDED)
        tx.audit("user.suspend", after.user_id, reason=reason)
    else:
        await tell(tx, UserReinstated(user_id=after.user_id), after.version)
        tx.audit("user.reinstate", after.user_id, reason=reason)
