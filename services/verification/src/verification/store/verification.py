"""Questions and their answers."""

from __future__ import annotations

from dataclasses import fields

from chassis.storage.database import Database, Row, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.events.verification import Ownership, Purpose
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from verification.domain.verification import Verification
from verification.domain.watch import Trail
from verification.store.tables import verifications

_C = verifications.c
_VERIFICATION = [_C[each.name] for each in fields(Verification)]
_THIS = _C.verification_id == bindparam("verification_id")
_ANSWER_COLUMNS = ("status", "ownership", "reason_code", "snapshot_id", "checked_at", "expires_at")
_ASKED = (
    "verification_id", "user_id", "asset_id", "kind", "purpose", "status", "listing_id", "deal_id",
    "created_at",
)  # fmt: skip

_ASK = statement(
    insert(verifications).values(parameters([_C[name] for name in _ASKED])).on_conflict_do_nothing()
)
_FIND = statement(select(*_VERIFICATION).where(_THIS))
_CACHED = statement(
    select(*_VERIFICATION)
    .where(
        _C.user_id == bindparam("user_id"),
        _C.kind == bindparam("kind"),
        _C.asset_id == bindparam("asset_id"),
        _C.status == "VERIFIED",
        _C.expires_at > bindparam("now"),
    )
    .order_by(_C.checked_at.desc())
    .limit(1)
)
_ANSWER = statement(
    update(verifications)
    .values(parameters([_C[name] for name in _ANSWER_COLUMNS]))
    .where(
        _THIS,
        or_(
            _C.status.is_distinct_from(bindparam("status")),
            _C.reason_code.is_distinct_from(bindparam("reason_code")),
            _C.snapshot_id.is_distinct_from(bindparam("snapshot_id")),
        ),
    )
)
_UNSEEN = statement(
    update(verifications)
    .values(unseen=_C.unseen + 1, unseen_since=func.coalesce(_C.unseen_since, bindparam("now")))
    .where(_THIS)
    .returning(_C.unseen, _C.unseen_since)
)


async def ask(tx: Transaction, question: Verification) -> None:
    """Write a question down; asking the same again changes nothing."""
    await tx.run(_ASK, **_ASK.values_of(question, created_at=tx.now()))


async def find(database: Database, verification_id: str) -> Verification | None:
    """One question with its answer."""
    row = await database.row(_FIND, verification_id=verification_id)
    return _verification(row) if row else None


async def cached(database: Database, user_id: str, kind: str, asset_id: str) -> Verification | None:
    """The newest answer that still counts for listing."""
    now = database.clock.now()
    row = await database.row(_CACHED, user_id=user_id, kind=kind, asset_id=asset_id, now=now)
    return _verification(row) if row else None


async def answer(tx: Transaction, answered: Verification) -> bool:
    """Write the answer; False if the same had been found before."""
    return await tx.run(_ANSWER, **_ANSWER.values_of(answered)) == 1


async def unseen(tx: Transaction, verification_id: str) -> Trail:
    """Count one more time that nothing was shown of a question's asset; how often by now."""
    now = tx.now()
    row = await tx.row(_UNSEEN, verification_id=verification_id, now=now)
    return Trail(0, row["unseen"], now - row["unseen_since"]) if row else Trail()


def _verification(row: Row) -> Verification:
    values = dict(row)
    values["purpose"] = Purpose(values["purpose"])
    values["ownership"] = Ownership(values["ownership"]) if values["ownership"] else None
    return Verification(**values)
