"""The proof of the books, as administrators read it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from escrow.handlers.ledger_check import Standing


class ProofOut(BaseModel):
    """One proof and what contradicts it."""

    proof: str
    holds: bool
    wrong: list[str]


class CheckOut(BaseModel):
    """A check that is under way: of so many escrows, so many were checked."""

    began_at: datetime
    checked: int
    escrows: int


class LedgerOut(BaseModel):
    """Whether the books are right; while releases are halted, none goes out.

    ``checked_at``, ``holds``, ``proofs`` and ``totals`` are of the newest check that ended; before
    the first there is nothing to tell. It is made every hour, and when it is asked for.
    """

    checked_at: datetime | None
    holds: bool | None
    halted: dict[str, str]
    proofs: list[ProofOut]
    totals: dict[str, int]
    running: CheckOut | None

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """What the checks found, and what stops releases now."""
        newest, running = standing.newest, standing.running
        return cls(
            checked_at=newest and newest.checked_at,
            holds=newest and newest.green,
            halted=standing.halted,
            proofs=[
                ProofOut(proof=one.name, holds=one.holds, wrong=list(one.faults))
                for one in (newest.findings if newest else ())
            ],
            totals={
                f"{one.kind} {one.currency}": one.minor
                for one in (newest.balances if newest else ())
            },
            running=running
            and CheckOut(
                began_at=running.began_at, checked=running.checked, escrows=running.escrows
            ),
        )
