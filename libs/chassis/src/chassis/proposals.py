"""Four eyes: what one administrator proposes, another approves, and only then is it done.

What is proposed is frozen, tried and shown; who approves names its hash. It is done in the
transaction of the approval, on the state that it was proposed on, or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from contracts_schema.events.identity import PlatformRole
from contracts_schema.ids import new_id

from chassis import principals
from chassis.principals import Principal
from chassis.problems import Problem, not_found
from chassis.storage import proposals as store
from chassis.storage.database import Transaction
from chassis.storage.proposals import Proposal, ProposalState, digest
from chassis.storage.timers import Timer, Timers

LASTS = timedelta(hours=24)
EXPIRE = "proposal.expire"

Do = Callable[[Transaction, Principal, Proposal], Awaitable[Any]]
"""Do what is proposed, as who approves it; refuse by ``require_seen`` if its subject moved."""
Kinds = Mapping[str, Do]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be proposed; ``does`` is shown, and is all that doing it goes by."""

    kind: str
    subject_id: str
    seen: int
    does: Mapping[str, Any]
    reason: str


def require_seen(proposal: Proposal, current: int) -> None:
    """Refuse if the subject is not at the version any more that it was proposed on."""
    if proposal.seen != current:
        raise Problem(409, "proposal_outdated", seen=proposal.seen, current=current)


async def propose(tx: Transaction, caller: Principal, draft: Draft, kinds: Kinds) -> Proposal:
    """Keep what another administrator is to approve; refused now if it could not be done now."""
    caller.require(role=PlatformRole.ADMIN)
    proposal_id, now = new_id("ppl"), tx.now()
    frozen = (proposal_id, draft.kind, draft.subject_id, draft.seen, draft.does)
    proposal = Proposal(
        *frozen, digest(*frozen, caller.user_id), draft.reason, caller.user_id, now, now + LASTS
    )
    async with _rehearsal(tx):
        await kinds[draft.kind](tx, caller, proposal)
    await store.add(tx, proposal)
    await tx.set_timer(EXPIRE, proposal_id, proposal.expires_at)
    about = {"kind": draft.kind, "about": draft.subject_id, "sha256": proposal.sha256}
    tx.audit("proposal.propose", proposal_id, reason=draft.reason, **about)
    return proposal


async def approve(
    tx: Transaction, caller: Principal, proposal_id: str, sha256: str, kinds: Kinds
) -> Proposal:
    """Do what was proposed, if it is what the caller saw and somebody else proposed it; once."""
    caller.require(role=PlatformRole.ADMIN)
    proposal = await _known(tx, proposal_id)
    if proposal.proposed_by == caller.user_id:
        log.warning("proposal.own", proposal_id=proposal_id, user_id=caller.user_id)
        raise Problem(403, "own_proposal")
    if sha256 != proposal.sha256 or not proposal.is_as_proposed:
        raise Problem(409, "proposal_differs")
    if (proposal.state, proposal.decided_by) == (ProposalState.DONE, caller.user_id):
        return proposal
    _require_pending(tx, proposal)
    await _require_still_administrator(tx, proposal.proposed_by)
    await kinds[proposal.kind](tx, caller, proposal)
    return await _end(tx, proposal, ProposalState.DONE, caller.user_id, "proposal.approve", "")


async def reject(tx: Transaction, caller: Principal, proposal_id: str, reason: str) -> Proposal:
    """End a proposal without doing it; its own proposer may, too."""
    caller.require(role=PlatformRole.ADMIN)
    proposal = await _known(tx, proposal_id)
    if (proposal.state, proposal.decided_by) == (ProposalState.REJECTED, caller.user_id):
        return proposal
    _require_pending(tx, proposal)
    return await _end(
        tx, proposal, ProposalState.REJECTED, caller.user_id, "proposal.reject", reason
    )


async def expire(tx: Transaction, timer: Timer) -> None:
    """Nobody decided in time."""
    proposal = await store.lock(tx, timer.subject_id)
    if proposal is not None and proposal.state is ProposalState.PENDING:
        await _end(tx, proposal, ProposalState.EXPIRED, "timer", "proposal.expire", "")


def register(timers: Timers) -> None:
    """Let proposals expire."""
    timers.on(EXPIRE)(expire)


async def _known(tx: Transaction, proposal_id: str) -> Proposal:
    proposal = await store.lock(tx, proposal_id)
    if proposal is None:
        raise not_found("proposal", proposal_id)
    return proposal


def _require_pending(tx: Transaction, proposal: Proposal) -> None:
    if proposal.state is not ProposalState.PENDING:
        raise Problem(409, "proposal_decided", state=proposal.state)
    if tx.now() >= proposal.expires_at:
        raise Problem(409, "proposal_decided", state=ProposalState.EXPIRED)


async def _require_still_administrator(tx: Transaction, user_id: str) -> None:
    """Who proposed it must still be one: it is done in the name of both."""
    proposer = await principals.by_user_id(tx, user_id)
    if proposer is None or proposer.suspended or proposer.role is not PlatformRole.ADMIN:
        raise Problem(409, "proposer_gone")


async def _end(  # noqa: PLR0913, PLR0917 what is written, and what is recorded of it
    tx: Transaction, proposal: Proposal, state: ProposalState, by: str, action: str, reason: str
) -> Proposal:
    ended = await store.end(tx, proposal.proposal_id, state, by)
    if state is not ProposalState.EXPIRED:
        await tx.drop_timers(proposal.proposal_id, EXPIRE)
    about = {"kind": proposal.kind, "about": proposal.subject_id, "sha256": proposal.sha256}
    by_whom = {"proposed_by": proposal.proposed_by}
    tx.audit(action, proposal.proposal_id, reason=reason, **about, **by_whom)
    return ended


@asynccontextmanager
async def _rehearsal(tx: Transaction) -> AsyncIterator[None]:
    """Try it, and take back all of it; what it would refuse is refused."""
    kept = list(tx.staged), list(tx.audited), dict(tx.timers), list(tx.dropped)
    await tx.run("SAVEPOINT rehearsal")
    yield
    await tx.run("ROLLBACK TO SAVEPOINT rehearsal")
    tx.staged, tx.audited, tx.timers, tx.dropped = kept
