"""What an administrator does only with another's approval: make an administrator."""

from __future__ import annotations

from chassis import proposals
from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.problems import not_found
from chassis.proposals import Draft, require_seen
from chassis.storage.database import Transaction
from chassis.storage.proposals import Proposal
from contracts_schema.events.identity import PlatformRole, Tier

from identity import store
from identity.domain.user import Change, User, makes_administrator
from identity.handlers.user import change_user

MAKE = "make_administrator"


async def change_or_propose(
    tx: Transaction, caller: Principal, user_id: str, asked: Change, seen: int | None
) -> User | Proposal:
    """Change a person, or have it approved if somebody becomes an administrator by it."""
    caller.require(role=PlatformRole.ADMIN)
    user = await _known(tx, user_id)
    if not makes_administrator(user, asked):
        return await change_user(tx, caller, user_id, asked, seen)
    require_version(seen, user.version)
    wanted = {"role": asked.role, "tier": asked.tier, "suspended": asked.suspended}
    does = {name: value for name, value in wanted.items() if value is not None}
    draft = Draft(MAKE, user_id, user.version, does, asked.reason)
    return await proposals.propose(tx, caller, draft, KINDS)


async def _make(tx: Transaction, caller: Principal, proposal: Proposal) -> None:
    require_seen(proposal, (await _known(tx, proposal.subject_id)).version)
    role, tier = proposal.does.get("role"), proposal.does.get("tier")
    asked = Change(
        proposal.reason,
        tier and Tier(tier),
        role and PlatformRole(role),
        proposal.does.get("suspended"),
    )
    await change_user(tx, caller, proposal.subject_id, asked, proposal.seen)


async def _known(tx: Transaction, user_id: str) -> User:
    user = await store.user.lock(tx, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


KINDS: proposals.Kinds = {MAKE: _make}
