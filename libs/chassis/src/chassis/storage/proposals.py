"""Proposals as they are kept: what was proposed never changes, only how it ended is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts_schema.terms import canonical_json
from sqlalchemy import bindparam, cast, insert, or_, select, tuple_, update

from chassis.storage.database import Database, Row, Transaction
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import MOMENT, proposals

Reader = Database | Transaction


class ProposalState(StrEnum):
    """How it stands with a proposal."""

    PENDING = "PENDING"
    DONE = "DONE"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an administrator proposes: of which kind, about what, and exactly what it would do."""

    proposal_id: str
    kind: str
    subject_id: str
    seen: int
    """The version of the subject that it was proposed on."""
    does: Mapping[str, Any]
    sha256: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState = ProposalState.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def is_as_proposed(self) -> bool:
        """Whether it is what its hash was made of."""
        frozen = (self.proposal_id, self.kind, self.subject_id, self.seen)
        return digest(*frozen, self.does, self.proposed_by) == self.sha256


def digest(  # noqa: PLR0913, PLR0917 what is frozen
    proposal_id: str,
    kind: str,
    subject_id: str,
    seen: int,
    does: Mapping[str, Any],
    proposed_by: str,
) -> str:
    """The hash of what is proposed, and by whom."""
    whole: dict[str, Any] = {
        "proposal_id": proposal_id,
        "kind": kind,
        "subject_id": subject_id,
        "seen": seen,
    }
    whole |= {"does": dict(does), "proposed_by": proposed_by}
    return hashlib.sha256(canonical_json(whole)).hexdigest()


_THIS = proposals.c.proposal_id == bindparam("proposal_id")
_ENDED = ("decided_by", "decided_at")
_ADD = statement(insert(proposals).values(parameters(proposals, *_ENDED)))
_FIND = statement(select(proposals).where(_THIS))
_LOCK = statement(select(proposals).where(_THIS).with_for_update())
_END = statement(
    update(proposals)
    .values(
        state=bindparam("state"),
        decided_by=bindparam("decided_by"),
        decided_at=bindparam("decided_at"),
    )
    .where(_THIS, proposals.c.state == ProposalState.PENDING)
)
_PAGE = statement(
    select(proposals)
    .where(
        or_(
            cast(bindparam("after"), MOMENT).is_(None),
            tuple_(proposals.c.proposed_at, proposals.c.proposal_id)
            < tuple_(bindparam("after"), bindparam("after_id")),
        )
    )
    .order_by(proposals.c.proposed_at.desc(), proposals.c.proposal_id.desc())
    .limit(bindparam("most"))
)


async def add(tx: Transaction, proposal: Proposal) -> None:
    """Keep a new proposal."""
    does = json.dumps(dict(proposal.does), ensure_ascii=False)
    await tx.run(_ADD, **_ADD.values_of(proposal, does=does))


async def find(reader: Reader, proposal_id: str) -> Proposal | None:
    """The proposal of this id."""
    return _one(await reader.row(_FIND, proposal_id=proposal_id))


async def lock(tx: Transaction, proposal_id: str) -> Proposal | None:
    """The proposal, which nobody else decides until this transaction ends."""
    return _one(await tx.row(_LOCK, proposal_id=proposal_id))


async def end(tx: Transaction, proposal_id: str, state: ProposalState, by: str) -> Proposal:
    """Write how a locked proposal ended; it as it is then."""
    ended = {"state": state, "decided_by": by, "decided_at": tx.now()}
    if await tx.run(_END, proposal_id=proposal_id, **ended) != 1:
        raise RuntimeError(f"{proposal_id} was ended without its lock")
    found = await find(tx, proposal_id)
    assert found is not None  # noqa: S101 it was updated a line above
    return found


async def page(reader: Reader, after: tuple[datetime, str] | None, most: int) -> list[Proposal]:
    """A page of proposals, newest first."""
    at, last_id = after or (None, None)
    rows = await reader.rows(_PAGE, after=at, after_id=last_id, most=most)
    return [_proposal(row) for row in rows]


def _one(row: Row | None) -> Proposal | None:
    return None if row is None else _proposal(row)


def _proposal(row: Row) -> Proposal:
    values = {each.name: row[each.name] for each in fields(Proposal)}
    return Proposal(
        **values | {"does": json.loads(row["does"]), "state": ProposalState(row["state"])}
    )
