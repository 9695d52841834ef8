"""The proof of the books, as administrators read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from escrow.handlers.ledger import Report


class ProofOut(BaseModel):
    """One proof and what contradicts it."""

    proof: str
    holds: bool
    wrong: list[str]


class LedgerOut(BaseModel):
    """Whether the books are right; while releases are halted, none goes out."""

    checked_at: datetime
    holds: bool
    halted: dict[str, str]
    proofs: list[ProofOut]
    totals: dict[str, int]

    @classmethod
    def of(cls, report: Report, halted: Mapping[str, str]) -> Self:
        """What the check found, and what stops releases now."""
        return cls(
            checked_at=report.checked_at,
            holds=report.green,
            halted=dict(halted),
            proofs=[
                ProofOut(proof=one.name, holds=one.holds, wrong=list(one.faults))
                for one in report.findings
            ],
            totals={f"{one.kind} {one.currency}": one.minor for one in report.balances},
        )
