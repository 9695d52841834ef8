"""Contested accounts: begun by a second proof, ended by the holder's or by time."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.identity import ContestRole, LinkContested, LinkContestEnded
from contracts_schema.ids import new_id

from identity import store
from identity.domain.account import Provider
from identity.domain.contest import COOLING, Contest
from identity.domain.user import User

DECIDE = "identity.decide_contest"


async def begin(
    tx: Transaction, holder_id: str, claimant: User, provider: Provider, account_id: str
) -> None:
    """Both are told that the claimant proved the holder's account; theirs is the later proof."""
    known = await store.contest.lock(tx, provider, account_id)
    if known is not None and known.claimant_id == claimant.user_id:
        return
    if known is not None:
        await end(tx, known, known.holder_id, "a later proof")
    contest = Contest(
        new_id("cst"), provider, account_id, holder_id, claimant.user_id, tx.now() + COOLING
    )
    await store.contest.add(tx, contest)
    await tx.set_timer(DECIDE, contest.contest_id, contest.decided_at)
    tx.audit("account.contest", holder_id, claimant=claimant.user_id, provider=provider)
    for user_id, role in _sides(contest):
        event = LinkContested(
            user_id=user_id, provider=provider, role=role, decided_at=contest.decided_at
        )
        tx.stage(event, sequence=await _version(tx, user_id))


async def proven_again(tx: Transaction, holder: User, provider: Provider, account_id: str) -> None:
    """The holder's is the later proof again: they keep the account, and both are told."""
    contest = await store.contest.lock(tx, provider, account_id)
    if contest is not None and contest.holder_id == holder.user_id:
        await end(tx, contest, holder.user_id, "proven again")


async def end(tx: Transaction, contest: Contest, winner_id: str, reason: str) -> None:
    """It is decided whose the account is; both are told."""
    await store.contest.remove(tx, contest.contest_id)
    await tx.drop_timers(contest.contest_id, DECIDE)
    tx.audit("account.contest_ended", contest.holder_id, reason=reason, winner=winner_id)
    for user_id, role in _sides(contest):
        event = LinkContestEnded(
            user_id=user_id,
            provider=contest.provider,
            role=role,
            has_account=user_id == winner_id,
        )
        tx.stage(event, sequence=await _version(tx, user_id))


def _sides(contest: Contest) -> tuple[tuple[str, ContestRole], ...]:
    return (contest.holder_id, ContestRole.HOLDER), (contest.claimant_id, ContestRole.CLAIMANT)


async def _version(tx: Transaction, user_id: str) -> int:
    user = await store.user.find(tx, user_id)
    return user.version if user is not None else 1
