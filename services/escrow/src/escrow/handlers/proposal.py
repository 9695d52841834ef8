"""What an operator does only with another's approval: decide an escrow, let releases go on."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from chassis import proposals
from chassis.principals import Principal
from chassis.problems import Problem
from chassis.proposals import Draft, require_seen
from chassis.storage.database import Transaction
from chassis.storage.proposals import Proposal

from escrow.domain.errors import NotHalted
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import Outcome
from escrow.domain.states import By
from escrow.handlers import admin, ledger_check
from escrow.store import escrow as escrows
from escrow.store import halt as halts

DECIDE, RESUME = "decide_escrow", "resume_releases"


async def propose_decision(
    tx: Transaction, caller: Principal, escrow_id: str, decided: Outcome, why: str
) -> Proposal:
    """Have another administrator approve how an escrow ends, whatever its amount."""
    escrow = await admin.operable(tx, caller, escrow_id)
    does = _division(escrow, decided, tx)
    draft = Draft(DECIDE, escrow_id, escrow.version, does, why)
    return await proposals.propose(tx, caller, draft, KINDS)


async def propose_resuming(tx: Transaction, caller: Principal) -> Proposal:
    """Have another administrator approve that releases go on."""
    since = await halts.since(tx, ledger_check.HALT)
    if since is None:
        raise NotHalted
    reason = (await halts.in_force(tx))[ledger_check.HALT]
    does = {"halted_since": since.isoformat(), "halted_for": reason}
    draft = Draft(RESUME, ledger_check.HALT, int(since.timestamp() * 1_000_000), does, "")
    return await proposals.propose(tx, caller, draft, KINDS)


async def _decide(tx: Transaction, caller: Principal, proposal: Proposal) -> None:
    escrow = await escrows.lock(tx, proposal.subject_id)
    require_seen(proposal, escrow.version)
    decided = Outcome(proposal.does["outcome"])
    if _division(escrow, decided, tx) != proposal.does:
        raise Problem(409, "proposal_differs")
    await admin.decide(tx, caller, escrow.escrow_id, decided, proposal.reason)


async def _resume(tx: Transaction, _: Principal, proposal: Proposal) -> None:
    since = await halts.since(tx, ledger_check.HALT)
    require_seen(proposal, 0 if since is None else int(since.timestamp() * 1_000_000))
    await ledger_check.resume(tx)


def _division(escrow: Escrow, decided: Outcome, tx: Transaction) -> dict[str, Any]:
    """Who gets what by it now: decided by the same rules on a copy."""
    tried = deepcopy(escrow)
    if decided is Outcome.RELEASE:
        divided = tried.release(By.OPERATOR, tx.now()).divided
    else:
        divided = tried.refund(By.OPERATOR, admin.BY_OPERATOR, tx.now()).divided
    moved = {"seller": divided.seller, "buyer": divided.buyer, "fee": divided.fee}
    amounts = {side: {"minor": it.minor, "currency": it.currency} for side, it in moved.items()}
    return {"outcome": str(decided), **amounts}


KINDS: proposals.Kinds = {DECIDE: _decide, RESUME: _resume}
