"""Users: joining, and what an administrator changes about a person."""

from __future__ import annotations

from chassis import principals
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
from contracts_schema.ids import new_id

from identity import store
from identity.domain.account import Provider
from identity.domain.errors import AlreadyRegistered
from identity.domain.session import EndReason
from identity.domain.user import Change, Changed, Joining, User, change


async def register(
    tx: Transaction, caller: Principal, command: RegisterUser, joining: Joining
) -> User:
    """Let the person join at TIER_0 under the terms they agreed to, which are in force; once."""
    terms = joining.terms.agreed(command.terms_version)
    role = PlatformRole.ADMIN if caller.discord_id in joining.admins else PlatformRole.USER
    user = User(
        new_id("usr"),  # says nothing about the Discord account: anybody may ask for cards
        caller.discord_id,
        tx.now(),
        role=role,
        locale=caller.locale[:20],
    )
    if not await store.user.add(tx, user):
        raise AlreadyRegistered
    await store.account.add(tx, user.user_id, Provider.DISCORD, user.discord_id)
    await store.user.add_consent(tx, user.user_id, terms, caller.interface)
    registered = UserRegistered(
        user_id=user.user_id, discord_id=user.discord_id, locale=user.locale
    )
    await stage_and_follow(tx, registered, user.version)
    tx.audit(
        "user.register",
        user.user_id,
        terms_version=terms.version,
        terms_sha256=terms.sha256,
    )
    if role is PlatformRole.ADMIN:
        promoted = RoleChanged(user_id=user.user_id, role=role, previous=PlatformRole.USER)
        await stage_and_follow(tx, promoted, user.version)
        tx.audit("user.role", user.user_id, reason="named in the settings", role=role)
    return user


async def change_user(
    tx: Transaction, caller: Principal, user_id: str, asked: Change, seen: int | None
) -> User:
    """Change a person's tier, role or suspension, with a reason that is recorded."""
    caller.require(role=PlatformRole.ADMIN)
    user = await store.user.lock(tx, user_id)
    if user is None:
        raise not_found("user", user_id)
    require_version(seen, user.version)
    has_roblox = await store.account.has(tx, user_id, Provider.ROBLOX)
    changed = change(user, asked, caller.user_id, has_roblox=has_roblox)
    if changed.after.version != user.version:
        await store.user.save(tx, changed.after)
        await _stage_tier(tx, changed, asked.reason)
        await _stage_role(tx, changed, asked.reason)
        await _stage_suspension(tx, changed, asked.reason)
    return changed.after


async def _stage_tier(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if changed.tier_action is None:
        return
    event = TierChanged(
        user_id=after.user_id,
        tier=after.tier,
        previous=before.tier,
        reason_code=changed.tier_action,
    )
    await stage_and_follow(tx, event, after.version)
    tx.audit("user.tier", after.user_id, reason=reason, previous=before.tier, tier=after.tier)


async def _stage_role(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if before.role is after.role:
        return
    event = RoleChanged(user_id=after.user_id, role=after.role, previous=before.role)
    await stage_and_follow(tx, event, after.version)
    await store.session.end(tx, after.user_id, EndReason.ROLE_CHANGED)
    tx.audit("user.role", after.user_id, reason=reason, previous=before.role, role=after.role)


async def _stage_suspension(tx: Transaction, changed: Changed, reason: str) -> None:
    before, after = changed.before, changed.after
    if before.suspended is after.suspended:
        return
    if after.suspended:
        await stage_and_follow(tx, UserSuspended(user_id=after.user_id), after.version)
        await store.session.end(tx, after.user_id, EndReason.SUSPENDED)
        tx.audit("user.suspend", after.user_id, reason=reason)
    else:
        await stage_and_follow(tx, UserReinstated(user_id=after.user_id), after.version)
        tx.audit("user.reinstate", after.user_id, reason=reason)


async def stage_and_follow(tx: Transaction, event: principals.IdentityEvent, version: int) -> None:
    """Stage an event of a person and take it over into identity's own copy of who may act."""
    tx.stage(event, sequence=version)
    await principals.project(tx, event, sequence=version)
