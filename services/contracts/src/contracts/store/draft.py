"""Drafts: what the drafting job works from."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.domain.draft import Draft
from contracts.store.tables import contracts, drafts

_THIS = drafts.c.contract_id == bindparam("contract_id")
_VALUES = parameters(drafts)
_ADD = statement(
    insert(drafts)
    .from_select(
        list(_VALUES),
        select(*_VALUES.values()).where(
            ~exists().where(contracts.c.contract_id == _VALUES["contract_id"])
        ),
    )
    .on_conflict_do_nothing()
)
_FIND = statement(select(drafts).where(_THIS))
_KEEP_ACCOUNTS = statement(
    update(drafts).values(accounts=bindparam("accounts")).where(_THIS, drafts.c.accounts.is_(None))
)
_REMOVE = statement(delete(drafts).where(_THIS))


async def add(tx: Transaction, draft: Draft) -> bool:
    """Note what is to be drafted; False if this contract is known already."""
    return bool(await tx.run(_ADD, **_ADD.values_of(draft)))


async def find(database: Database, contract_id: str) -> Draft | None:
    """What is to be drafted, or None once it is done."""
    row = await database.row(_FIND, contract_id=contract_id)
    return Draft(**row) if row else None


async def keep_accounts(tx: Transaction, contract_id: str, accounts: str) -> None:
    """Note who the parties are outside, unless it was noted before."""
    await tx.run(_KEEP_ACCOUNTS, contract_id=contract_id, accounts=accounts)


async def remove(tx: Transaction, contract_id: str) -> bool:
    """Drafting is done; False if it was done before."""
    return bool(await tx.run(_REMOVE, contract_id=contract_id))
