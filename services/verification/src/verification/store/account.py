"""Whose account is whose, at each provider."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from verification.store.tables import accounts

_C = accounts.c
_THIS = (_C.user_id == bindparam("user_id"), _C.provider == bindparam("provider"))
_NEW = insert(accounts).values(parameters(accounts))

_SET = statement(
    _NEW.on_conflict_do_update(
        index_elements=[_C.user_id, _C.provider],
        set_={"account_id": _NEW.excluded.account_id, "sequence": _NEW.excluded.sequence},
        where=_C.sequence <= _NEW.excluded.sequence,
    )
)
_FIND = statement(select(_C.account_id).where(*_THIS))
_KNOWN = statement(
    select(_C.user_id, _C.account_id).where(
        _C.provider == bindparam("provider"),
        _C.user_id == func.any(bindparam("user_ids", type_=ARRAY(Text))),
        _C.account_id.is_not(None),
    )
)


async def set_account(
    tx: Transaction, user_id: str, provider: str, account_id: str | None, sequence: int
) -> None:
    """Remember whose account this is, None: no longer, unless something newer is known."""
    await tx.run(_SET, user_id=user_id, provider=provider, account_id=account_id, sequence=sequence)


async def find(database: Database, user_id: str, provider: str) -> str | None:
    """The user's account at this provider, if one is linked."""
    found: str | None = await database.value(_FIND, user_id=user_id, provider=provider)
    return found


async def known(database: Database, provider: str, *user_ids: str) -> dict[str, str]:
    """The accounts at this provider of those users that have one linked, by user."""
    rows = await database.rows(_KNOWN, provider=provider, user_ids=list(user_ids))
    return {row["user_id"]: row["account_id"] for row in rows}
